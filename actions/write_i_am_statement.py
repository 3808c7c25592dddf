"""The "I am" statement, as a draft."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def write_i_am_statement(
    ctx: Context,
    identities: Identities,
    *,
    identity_id: IdentityId,
    statement: Annotated[
        str, Field(description="One to three sentences, the first begins with `I am`.", max_length=600)
    ],
) -> Result[None]:
    """Write the identity's "I am" statement, or a better one. Read it to the user afterwards."""
    written = await identities.update(ctx.user_id, identity_id, statement=statement)
    return Result(say=f"The statement of {written.name} is written. Ask the user whether it is theirs.")
