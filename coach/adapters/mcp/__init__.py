"""A coach as an MCP server: actions as tools, phase prompts as prompts, the rest as resources.

It speaks protocol revision 2026-07-28 and those before it, over what the official SDK serves. ``coach mcp``
is it over stdio; :mod:`coach.server` has it at ``/mcp``. See ``docs/agents/mcp.md``.
"""

from __future__ import annotations

from coach.adapters.mcp._asks import IN_DOUBT, Means, told
from coach.adapters.mcp._calls import CALL_ID
from coach.adapters.mcp._http import OverHttp, over_http
from coach.adapters.mcp._server import CoachServer, create_server
from coach.adapters.mcp._talks import Person, Talks

__all__ = [
    "CALL_ID",
    "IN_DOUBT",
    "CoachServer",
    "Means",
    "OverHttp",
    "Person",
    "Talks",
    "create_server",
    "over_http",
    "told",
]
