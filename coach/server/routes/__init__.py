"""The routes, a module for each thing they are about."""

from __future__ import annotations

from coach.server.routes import conversations, files, health, page, sessions

ROUTERS = (conversations.router, files.router, health.router, page.router, sessions.router)
