"""How the sandbox misbehaves: every way a picture service, or what is before it, is known to fail.

A test asks for one by the header ``x-sandbox-fault: drip`` (or ``drip; seconds=0.01``), or a plan says which
requests get which::

    [[fault]]
    mode = "reset"      # the names are those of MODES; `coach sandbox --list-faults` shows them
    route = "edits"     # left out: any route
    after = 2           # leave the first two alone
    every = 3           # then take each third
    times = 1           # and stop after one; left out: for ever
    seconds = 0.01      # the pause of a slow fault

A request that gets one is checked and priced as usual first, unless its body is not even read
(``Mode.strikes``). Whether the service then charges its price is ``Mode.charged``, and so the sandbox's log
counts it.

Sources: reports in the issue lists of clients that failed (proxies that wait 100 seconds, pages of HTML, half
bodies), and what openai 3.51.0 and litellm 1.106.2 were measured to do with each.
"""

from coach.sandbox.faults import agent, connection, content, job, status, stream
from coach.sandbox.faults.mode import MODES, Answer, Mode
from coach.sandbox.faults.plan import HEADER, Fault, PlanError, Rule, Schedule, read_plan
from coach.sandbox.faults.wire import Raw, WireProtocol

__all__ = [
    "HEADER",
    "MODES",
    "Answer",
    "Fault",
    "Mode",
    "PlanError",
    "Raw",
    "Rule",
    "Schedule",
    "WireProtocol",
    "agent",
    "connection",
    "content",
    "job",
    "read_plan",
    "status",
    "stream",
]
