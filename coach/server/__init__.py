"""The same coach over HTTP: the conversation as events, pictures, and the page.

It runs on its own (``coach serve``), or inside another application::

    coach_app = create_app("my_app.my_coach", current_user=who_is_asking)
    app = FastAPI(lifespan=coach_app.lifespan)
    app.mount("/coach", coach_app)
"""

from __future__ import annotations

from coach.server.app import CoachApp, create_app
from coach.server.caller import Caller
from coach.server.settings import ServerSettings

__all__ = ["Caller", "CoachApp", "ServerSettings", "create_app"]
