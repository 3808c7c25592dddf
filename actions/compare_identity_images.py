"""The photo and the pictures side by side."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Result, Sheets, action

from ._shared import IdentityId, SheetData


@action(exclusive="identity_id", effect="reads")
async def compare_identity_images(
    ctx: Context,
    sheets: Sheets,
    *,
    identity_id: IdentityId,
    versions: Annotated[
        list[str] | None,
        Field(description="Up to five pictures, e.g. `v1` and `v2a`. Left out: the newest.", max_length=5),
    ] = None,
) -> Result[SheetData]:
    """Show the user their photo and pictures of one identity side by side, each face at the same size.

    Call it when they cannot decide between pictures, or doubt that one is them. It makes no new picture.
    """
    sheet = await sheets.compare(ctx.user_id, identity_id, versions or ())
    data = SheetData(
        title="comparison", handles=sheet.handles, blob=sheet.blob, width=sheet.width, height=sheet.height
    )
    say = (
        f"On the user's screen now, from left to right: their photo, {', '.join(sheet.handles)}. "
        "Ask in which one they see themselves."
    )
    return Result(say=say, data=data)
