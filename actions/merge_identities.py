"""Several identities that are one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Identities, Result, Retry, action

from ._shared import IdentityData


@action()
async def merge_identities(
    ctx: Context,
    identities: Identities,
    *,
    identity_ids: Annotated[
        list[str],
        Field(description="Two or more identities, e.g. `i1` and `i3`.", min_length=2, max_length=10),
    ],
    name: Annotated[str, Field(description="What it is called now.", min_length=1, max_length=80)],
) -> Result[IdentityData]:
    """Merge identities that mean the same. The first goes on under the new name; the others go."""
    if len(set(identity_ids)) < 2:
        raise Retry("Name two or more different identities.")
    merged = await identities.merge(ctx.user_id, identity_ids, name)
    return Result(say=f"They are one now: {merged.name}, {merged.handle}.", data=IdentityData.of(merged))
