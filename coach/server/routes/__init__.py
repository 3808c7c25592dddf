"""The routes, a module for each thing they are about."""

from __future__ import annotations

from coach.server.routes import conversations, files

ROUTERS = (conversations.router, files.router)
