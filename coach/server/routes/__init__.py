"""The routes, a module for each thing they are about."""

from __future__ import annotations

from coach.server.routes import (
    actions,
    conversations,
    costs,
    data,
    files,
    flows,
    gpt_image,
    health,
    identities,
    mcp,
    me,
    operator,
    page,
    photos,
    sessions,
    stickers,
    versions,
)

ROUTERS = (
    *(conversations.router, files.router, health.router, page.router, sessions.router),
    *(me.router, photos.router, costs.router, data.router),
    *(identities.router, versions.router, actions.router, operator.router),
    *(gpt_image.router, flows.router, stickers.router, mcp.router),
)
