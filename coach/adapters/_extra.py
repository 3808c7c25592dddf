"""Whether an adapter could not be imported because its extra is not installed."""

from __future__ import annotations


def lacks_mcp(error: ModuleNotFoundError) -> bool:
    """Whether what is missing comes with the extra ``mcp``; else something of ours is broken."""
    return (error.name or "").partition(".")[0] in ("mcp", "mcp_types")
