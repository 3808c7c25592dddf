"""A service manager's "stop" (SIGTERM): the person's Ctrl-C, and then no more questions to them."""

from __future__ import annotations

import signal
from threading import Event

_asked = Event()


def stop_like_ctrl_c() -> None:
    """From now on a SIGTERM is a Ctrl-C: what is being paid for is received and kept first."""
    # A script's shell begins what it leaves in the background deaf to Ctrl-C, and asyncio would leave it so.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: _stop())


def stop_was_asked() -> bool:
    """Whether a SIGTERM came: then nobody is there to answer, and what was begun is all there is to do."""
    return _asked.is_set()


def _stop() -> None:
    _asked.set()
    signal.raise_signal(signal.SIGINT)
