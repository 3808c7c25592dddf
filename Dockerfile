# `coach` with the server and the workers, in the exact versions of constraints/, checked against their hashes.
#
#   docker build -t coach .                   the command `coach`
#   docker build --target s3 -t coach-s3 .    an S3 server to try it with: see compose.yaml

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/coach
WORKDIR /src
COPY constraints/run.txt constraints/
RUN /opt/coach/bin/pip install --no-deps --only-binary :all: --require-hashes --requirement constraints/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY coach coach
COPY actions actions
COPY context context
COPY prompts prompts
RUN /opt/coach/bin/pip install --no-deps --no-build-isolation .

FROM build AS build-s3
COPY constraints/dev.txt constraints/
# The same versions as in the tests; pip takes hashes for all or for none.
RUN grep -oE '^[a-z0-9-]+==[^ ]+' constraints/dev.txt > constraints/pins.txt && \
    /opt/coach/bin/pip install --only-binary :all: --constraint constraints/pins.txt ministack hypercorn

FROM python:3.13-slim AS base
RUN useradd --create-home --uid 10001 coach && install --directory --owner coach --mode 700 /data
ENV COACH_HOME=/data PATH=/opt/coach/bin:$PATH PYTHONUNBUFFERED=1
USER coach
WORKDIR /home/coach
VOLUME /data

FROM base AS s3
COPY --from=build-s3 /opt/coach /opt/coach
CMD ["hypercorn", "ministack.app:app", "--bind", "0.0.0.0:4566"]

FROM base AS coach
COPY --from=build /opt/coach /opt/coach
EXPOSE 8000
ENTRYPOINT ["coach"]
CMD ["serve", "--host", "0.0.0.0"]
