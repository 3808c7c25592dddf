"""The same actions in other people's agents: each module is one kind of agent, imported by its own name.

None of them is imported by the library, and none imports another's packages:

- :mod:`coach.adapters.openai`: Chat Completions and Responses.
- :mod:`coach.adapters.openai_agents`: the OpenAI Agents SDK.
- :mod:`coach.adapters.mcp`: an MCP server.
- :mod:`coach.adapters.pydantic_ai`: a toolset, and a model for :class:`coach.Conversation`.
- :mod:`coach.adapters.langchain`: LangChain and LangGraph.
- :mod:`coach.adapters.anthropic`: Anthropic's Messages.

What they share is :class:`Hosted`: one turn of one person, whose calls an agent makes one at a time.
"""

from coach._answers import Answer
from coach.adapters._hosted import Hosted, Listener

__all__ = ["Answer", "Hosted", "Listener"]
