"""A strict local stand-in for the outside services, speaking their wire protocols.

The real clients run against it unchanged and without a key: pictures are drawn from the photo that was sent,
a scripted coach answers, and what the real service refuses is refused here, with its codes. It sends nothing
anywhere and keeps nothing but a log in memory.
"""

from coach.sandbox.app import create_app
from coach.sandbox.log import Received
from coach.sandbox.painter import NOTE
from coach.sandbox.person import Command, ScriptedPerson
from coach.sandbox.rules import BLOCKED_INPUT, BLOCKED_OUTPUT
from coach.sandbox.server import Sandbox

__all__ = [
    "BLOCKED_INPUT",
    "BLOCKED_OUTPUT",
    "NOTE",
    "Command",
    "Received",
    "Sandbox",
    "ScriptedPerson",
    "create_app",
]
