"""Every error of the library, in one tree.

::

    CoachError
    ├── FolderError        a coach folder cannot be loaded; carries every finding
    ├── PromptError        a prompt cannot be rendered from the values it was given
    ├── ContextError       what a prompt may know could not be gathered; names the keys
    ├── SettingsError      a setting is missing or wrong
    ├── StoreUnavailable   the database or the place for pictures cannot be used now
    ├── NotFound           no such thing for this person (also: somebody else's)
    ├── InputRefused       a message or a value is empty, too long or not one of those allowed
    │   └── GridRefused    a picture is not the grid of pictures it was to be; says which tiles are wrong
    ├── Conflict           the same key was used for something else, or the thing has moved on
    │   └── Erasing        this person is being erased: nothing new is begun for them
    ├── ConsentMissing     a photo may not be used: no consent, or it was revoked
    ├── PhotoRefused       an upload is not a photo we can use
    ├── FetchRefused       a link was not fetched; says why
    ├── PictureError       a picture was not made; says whether it was paid for
    └── ModelError         the language model could not be reached or did not answer usefully

    Retry                  raised by an action: the model can put it right
    Refused                raised by an action: settled, with the reason

Every message names the thing and says what to do. None contains a key, a link, a person's text or the
text of another exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from coach.check import Finding

Paid = Literal["unpaid", "paid", "unknown"]
"""Whether the outside service charges for a picture that did not arrive."""

FetchReason = Literal[
    "bad_url",
    "forbidden_address",
    "unreachable",
    "certificate",
    "redirects",
    "status",
    "encoding",
    "too_large",
    "too_slow",
    "broken",
]
"""Why a link was not fetched."""

_NOT_FETCHED: dict[FetchReason, str] = {
    "bad_url": "This link cannot be fetched. Use one that begins with https:// and opens in a browser.",
    "forbidden_address": "The link's name is not known, or does not lead to the public Internet.",
    "unreachable": "The link's server does not answer. Try again later, or upload the file instead.",
    "certificate": "The link's server cannot prove that it is the one the link names.",
    "redirects": "The link leads on to another one too often. Use the last one.",
    "status": "The link's server does not give the file out. The link may be private, or have expired.",
    "encoding": "The link's server sends the file compressed, although it was asked not to.",
    "too_large": "What the link leads to is too large.",
    "too_slow": "The link's server is too slow. Try again later, or upload the file instead.",
    "broken": "The link's server broke off, or sent what is no proper answer.",
}

GridReason = Literal["merged", "cut", "empty", "damaged", "too_small", "too_large"]
"""What is wrong with a grid of pictures."""

_NO_GRID: dict[GridReason, str] = {
    "merged": "The pictures {} of the grid are not separate. Make another grid.",
    "cut": "The grid's pictures are of different sizes; cut off: {}. Make another grid.",
    "empty": "There is nothing in these pictures of the grid: {}. Make another grid.",
    "damaged": "The grid is no PNG, JPEG or WebP picture, or is damaged. Make another grid.",
    "too_small": "The grid is too small for so many pictures. Ask for a larger one.",
    "too_large": "The grid has too many pixels. Ask for a smaller one.",
}


class CoachError(Exception):
    """Whatever the library raises on purpose."""


class FolderError(CoachError):
    """A coach folder cannot be loaded. ``findings`` lists every reason, not only the first."""

    def __init__(self, folder: Path, findings: Sequence[Finding]) -> None:
        self.folder, self.findings = folder, tuple(findings)
        super().__init__(f"{folder} cannot be loaded:\n" + "\n".join(f"  {finding}" for finding in findings))


class PromptError(CoachError):
    """A prompt cannot be rendered from the values it was given.

    Args:
        problem: Why; it holds no value.
        file: The file in the coach folder, when it is about one.
        line: The line in it, counted from 1.
    """

    def __init__(self, problem: str, *, file: str = "", line: int = 0) -> None:
        self.problem, self.file, self.line = problem, file, line
        super().__init__(f"{file}:{line} {problem}" if file else problem)


class ContextError(CoachError):
    """What a prompt may know could not be gathered. ``keys`` are the context keys that failed."""

    def __init__(self, keys: Sequence[str], message: str) -> None:
        self.keys = tuple(keys)
        super().__init__(message)


class SettingsError(CoachError):
    """A setting is missing or wrong. The message names it and the ways out."""


class StoreUnavailable(CoachError):
    """The database, the bucket or the folder for pictures cannot be used now.

    The message says which, with a code for whoever runs it; it names no address. Of a change that was being
    made nobody knows whether it was kept.
    """


class NotFound(CoachError):
    """There is no such thing for this person. Somebody else's thing gives the same answer."""

    def __init__(self, kind: str, ref: str) -> None:
        self.kind, self.ref = kind, ref
        super().__init__(f"There is no {kind} {ref[:40]!r}.")


class InputRefused(CoachError):
    """A message or a value is empty, too long or not one of those allowed. Nothing was lost or changed.

    Args:
        message: What is wrong, and what to do.
        field: The name of the value, as whoever gave it calls it: of a picture's, the service's own name.
        allowed: What it may be instead; of numbers, e.g. ``0 to 100``.
    """

    def __init__(self, message: str, *, field: str | None = None, allowed: Sequence[str] = ()) -> None:
        self.field, self.allowed = field, tuple(allowed)
        super().__init__(message)


class GridRefused(InputRefused):
    """A picture is not the grid of pictures that it was to be.

    Args:
        reason: What is wrong.
        tiles: With which of them, counted from 1, row by row; none: with the picture itself.
    """

    def __init__(self, reason: GridReason, tiles: Sequence[int] = ()) -> None:
        self.reason, self.tiles = reason, tuple(tiles)
        which = " and ".join(filter(None, [", ".join(map(str, self.tiles[:-1])), *map(str, self.tiles[-1:])]))
        super().__init__(_NO_GRID[reason].format(which), field="picture")


class Conflict(CoachError):
    """The same key was used for something else, or the thing has moved on meanwhile."""


class Erasing(Conflict):
    """This person is being erased: nothing new is begun for them, and what is under way is not kept."""


class ConsentMissing(CoachError):
    """A photo may not be used: its owner has not agreed, or no longer agrees."""


class PhotoRefused(CoachError):
    """An upload is not a photo we can use.

    Args:
        code: One of the reasons in :mod:`coach.store.intake` or of :class:`coach.faces.PhotoReport`;
            ``no_photo``: there is none; ``no_file``: none could be read.
        message: One sentence for the person, with what to do instead.
        field: Which of several uploads it was, as whoever gave them calls it.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None) -> None:
        self.code, self.field = code, field
        super().__init__(message)


class FetchRefused(CoachError):
    """What a link leads to was not fetched. The message is for the person and repeats nothing of the link.

    Args:
        reason: Why. ``forbidden_address`` says neither whether there is such a name nor whether anything
            answers there.
        status: Of the server's answer, when that is why.
    """

    def __init__(self, reason: FetchReason, *, status: int | None = None) -> None:
        self.reason, self.status = reason, status
        super().__init__(_NOT_FETCHED[reason])


class PictureError(CoachError):
    """A picture was not made.

    Args:
        code: What happened, e.g. ``moderation_blocked``, ``timeout``, ``over_quota``.
        paid: Whether the outside service charges for it.
        say: One sentence for the person.
        detail: One sentence for the operator; never a secret, a link or a prompt.
        request_id: The outside service's id of the request, when it gave one.
        retry_after: Seconds after which it may go better, when that is known.
        usage: The service's count of what it charges for, when that came without a picture.
    """

    def __init__(
        self,
        code: str,
        *,
        paid: Paid,
        say: str,
        detail: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
        usage: Mapping[str, Any] | None = None,
    ) -> None:
        self.code, self.paid, self.say, self.detail = code, paid, say, detail
        self.request_id, self.retry_after, self.usage = request_id, retry_after, usage
        super().__init__(say)


class ModelError(CoachError):
    """The language model could not be reached or did not answer usefully.

    Args:
        timeout: Whether that is because it took too long.
    """

    def __init__(self, message: str, *, timeout: bool = False) -> None:
        self.timeout = timeout
        super().__init__(message)


class Retry(Exception):
    """Raised by an action: the model can put this right. It reads the message and may call again."""


class Refused(Exception):
    """Raised by an action: the call is settled. The model reads the reason and does not call again."""
