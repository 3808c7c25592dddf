"""A picture from before once more, or all of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Result, Sheets, Versions, action

from ._shared import IdentityId, SheetData


@action(exclusive="identity_id", effect="reads")
async def show_identity_versions(
    ctx: Context,
    sheets: Sheets,
    versions: Versions,
    *,
    identity_id: IdentityId,
    version: Annotated[
        str | None,
        Field(description="One picture, e.g. `v1` or `v2a`. Left out: all on one sheet.", max_length=64),
    ] = None,
) -> Result[SheetData]:
    """Show the user an earlier picture of an identity once more, or all of them on one sheet.

    Call it when they ask for one from before or for what there is. It makes no new picture.
    """
    if version is not None:
        one = await versions.get(ctx.user_id, identity_id, version)
        data = SheetData(
            title=one.handle, handles=(one.handle,), blob=one.blob, width=one.width, height=one.height
        )
        return Result(say=f"{one.handle} is on the user's screen once more.", data=data)
    sheet = await sheets.versions(ctx.user_id, identity_id)
    data = SheetData(
        title="versions", handles=sheet.handles, blob=sheet.blob, width=sheet.width, height=sheet.height
    )
    say = f"On the user's screen now, each joined with what it was made from: {', '.join(sheet.handles)}."
    return Result(say=say, data=data)
