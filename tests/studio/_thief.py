"""Another process that clears a spool: ``python -m tests.studio._thief FOLDER GENERATION``."""

import sys
from pathlib import Path

from coach.studio import Spool

spool = Spool(Path(sys.argv[1]))
listed, file = spool.list(), spool.claim(sys.argv[2])
if file is not None:
    file.remove()
sys.stdout.write(f"{listed} {'taken' if file else 'left alone'}\n")
