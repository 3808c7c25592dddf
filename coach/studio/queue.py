"""The port between the studio and whoever makes its pictures: this process, or one on another machine.

What goes through it is a key of the ledger and what was wanted under it. The ledger stays the truth: whoever
makes it may be told of a key twice, or late, and finds there how far it is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from coach.errors import PictureError, StoreUnavailable
from coach.studio._make import Wanted
from coach.studio.generated import Generated
from coach.studio.ledger import Generation, Ledger

if TYPE_CHECKING:
    from coach.studio.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A picture that is asked for.

    Attributes:
        told: What the person was told gave no picture, before they said "try again"; ``None``: they did not,
            or were not told yet how it ends.
        twice: Whether it may be asked for a second time, when it does not look like them.
        batch: Whether nobody waits for it: it goes after all that somebody waits for.
    """

    wanted: Wanted
    told: Generation | None
    twice: bool
    batch: bool


class WorkQueue(Protocol):
    """Where pictures wait to be made."""

    async def make(self, asked: Asked, here: Studio) -> Generated:
        """Have a picture made. It goes on when the caller goes away, unless nothing was sent yet.

        Args:
            here: The studio of this process, which can make it.

        Raises: as :meth:`coach.Studio.generate`.
        """
        ...

    async def close(self) -> None:
        """Take nothing more, and return when what was taken has come to its end, or goes on elsewhere."""
        ...


async def note_doubt(ledger: Ledger, wanted: Wanted, error: PictureError) -> None:
    """Write down that the person is told, in this turn, of a picture that may have been charged."""
    ctx = wanted.ctx
    if error.paid == "unknown" and ctx.turn_id and ctx.hears:
        # Should the database be away now, the next turn is told of it: what counts is the error itself.
        with suppress(StoreUnavailable):
            await ledger.told(ctx.user_id, wanted.key, ctx.turn_id)
