"""The MCP project's own conformance suite against our adapter, in both protocol revisions.

``python -m tests.marks.mcp_conformance FOLDER``, where in the folder was run ``npm install node@22
@modelcontextprotocol/conformance@0.2.0-alpha.12``: the suite needs a newer Node than many machines have.
What we do not pass, and why, is in ``mcp_expected.toml``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXPECTED = Path(__file__).with_name("mcp_expected.toml")
REVISIONS = ("2025-11-25", "2026-07-28")
SECONDS = 300


def say(text: str) -> None:
    """For whoever runs it."""
    sys.stdout.write(f"{text}\n")


@contextmanager
def serving() -> Iterator[str]:
    """Where the server is."""
    command = [sys.executable, "-m", "tests.marks._mcp_everything"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://localhost:{int(process.stdout.readline())}/mcp"
        finally:
            process.terminate()


def checked(bin_folder: Path, url: str, revision: str) -> Iterator[tuple[str, str, str]]:
    """The scenario, name and status of each check that a revision requires."""
    with tempfile.TemporaryDirectory() as results:
        command = [str(bin_folder / name) for name in ("node", "conformance")]
        command += ["server", "--url", url, "--requirements", revision, "-o", results]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        files = sorted(Path(results).glob("*/checks.json"))
        if not files:
            sys.exit(f"The suite did not run:\n{ran.stdout[-500:]}{ran.stderr[-500:]}")
        for file in files:
            for check in json.loads(file.read_text()):
                yield file.parent.name, check["id"], check["status"]


def main(folder: str) -> int:
    """Run both revisions; 1 when anything fails that is not expected to, or the other way round."""
    expected = tomllib.loads(EXPECTED.read_text())
    seen, wrong = set[str](), 0
    with serving() as url:
        for revision in REVISIONS:
            counts = Counter[str]()
            for scenario, check, status in checked(Path(folder) / "node_modules" / ".bin", url, revision):
                expects = status == "FAILURE" and check in expected
                counts["expected failure" if expects else status.lower()] += 1
                seen |= {check} if expects else set()
                if status == "FAILURE" and not expects:
                    wrong += 1
                    say(f"FAILED {revision} {scenario}: {check}")
            say(f"{revision}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    for check in sorted(expected.keys() - seen):
        wrong += 1
        say(f"{check} is expected to fail, and does not")
    return min(wrong, 1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        say(f"SKIPPED: the MCP conformance suite is not here.\n{__doc__}")
        sys.exit(0)
    sys.exit(main(sys.argv[1]))
