"""The faces' threads: one that hangs keeps neither the others nor the end of the process waiting."""

import asyncio
import subprocess
import sys
import threading

import pytest

from coach.faces import _threads, model, off_loop
from coach.faces._threads import Threads
from tests._tree import ROOT

HANGS = """
import asyncio, threading
from coach.faces import _threads, off_loop
_threads._GRACE = 0.1

async def main():
    for _ in range(3):
        try:
            await asyncio.wait_for(off_loop(threading.Event().wait), 0.01)
        except TimeoutError:
            pass

asyncio.run(main())
"""

# Without a grace Python aborts the process in three of four such ends.
BUSY = """
import threading
from PIL import Image
from coach.faces import _threads, face_model
found, picture, began = face_model(), Image.effect_noise((640, 640), 80).convert("RGB"), threading.Event()
threads = _threads.Threads()
for _ in range(2):
    threads.submit(lambda: [began.set(), *(found.find(picture) for _ in range(4))])
began.wait()
"""


@pytest.mark.parametrize("code", [HANGS, BUSY], ids=["hangs", "busy"])
def test_the_process_ends_while_a_thread_works(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_that_hang_are_replaced_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "LOST", -1.0)
    monkeypatch.setattr(_threads, "_MOST_LOST", 3)
    threads, begun, go_on = Threads(), threading.Semaphore(0), threading.Event()

    def hang() -> bool:
        begun.release()
        return go_on.wait(30)

    hung = [threads.submit(hang)]
    for _ in range(4):
        assert begun.acquire(timeout=30)
        hung.append(threads.submit(hang))
    assert begun.acquire(timeout=30), "three are lost, two are the new ones"
    waits = threads.submit(lambda: "done")
    gone = threads.submit(lambda: "never")
    assert gone.cancel() and not waits.done()
    go_on.set()
    assert waits.result(30) == "done" and all(each.result(30) for each in hung)
    assert threads.submit(lambda: "well").result(30) == "well"


async def test_nobody_waits_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "PATIENCE", 0.01)
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        await off_loop(go_on.wait, 30)
    go_on.set()
    monkeypatch.undo()
    with pytest.raises(ZeroDivisionError):
        await off_loop(divmod, 1, 0)
    assert await asyncio.gather(off_loop(max, 1, 2), off_loop(min, 1, 2)) == [2, 1]
