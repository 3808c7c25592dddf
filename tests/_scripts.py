"""Scripts of a document, one after the other: ``python -m tests._scripts NAME SCRIPT…``."""

import sys

name, *scripts = sys.argv[1:]
for script in scripts:
    exec(compile(script, name, "exec"), {"__name__": "__main__"})
