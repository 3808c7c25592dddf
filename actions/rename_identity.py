"""Another name for an identity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def rename_identity(
    ctx: Context,
    identities: Identities,
    *,
    identity_id: IdentityId,
    name: Annotated[
        str, Field(description="The new name, in two to four words.", min_length=1, max_length=80)
    ],
) -> Result[None]:
    """Give an identity another name. Its statement, texts and pictures stay."""
    renamed = await identities.update(ctx.user_id, identity_id, name=name)
    return Result(say=f"{renamed.handle} is called {renamed.name} now.")
