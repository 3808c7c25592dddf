"""The statements over the slots of an upstream. PostgreSQL only; every moment is the server's.

``its`` locks the upstream's row before anything else is locked, so whoever changes several slots does it one
after the other. A slot is counted from when it is taken: what is sent meanwhile is counted before and after.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Interval,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from coach.store._clock import NOW, seconds
from coach.store.upstreams import slots, upstreams

_UPSTREAM, _SLOT, _HOLDER = (bindparam(name, type_=Text) for name in ("of", "slot", "by"))
_WINDOW, _LEASE, _PAUSE = (bindparam(name, type_=Interval) for name in ("window", "lease", "pause"))
_PICTURES = bindparam("wanted", type_=Integer)

_row = slots.c
_mine = _row.id == _SLOT
_named = upstreams.c.name == _UPSTREAM
_its = select(upstreams.c.name).where(_named).with_for_update(key_share=True).cte("its")


_past = (_row.until <= NOW) & or_(_row.sent_at.is_(None), _row.sent_at <= NOW - _WINDOW)
_gone = delete(slots).where(_row.upstream == _its.c.name, _past).returning(_row.id).cte("gone")

LOCK = select(_its.c.name).add_cte(_gone)
"""Keep all other takers out until the transaction ends, and remove what counts no more. A row, unless the
upstream is new. Of :data:`TAKE` a statement apart: that one sees what was committed during the wait."""

# In the order in which they leave the window, the last one first: nobody knows when an unsent one does.
_upto = func.sum(_row.pictures).over(order_by=_row.sent_at.desc().nulls_first())
_here = select(
    *(_row.pictures, _row.sent_at),
    (_row.until > NOW).label("in_use"),
    or_(_row.sent_at.is_(None), _row.sent_at > NOW - _WINDOW).label("in_window"),
    _upto.label("upto"),
).where(_row.upstream == _UPSTREAM)
_each = _here.cte("each").c
_in_use = func.coalesce(func.sum(_each.pictures).filter(_each.in_use), 0)
_crowded = (_in_use > 0) & (_in_use + _PICTURES > bindparam("at_once", type_=BigInteger))
# Those that must leave the window first. More pictures than a minute has wait until it is empty.
_too_many = _each.in_window & (_each.upto + _PICTURES > bindparam("per_minute", type_=Float))
_hidden = func.coalesce(func.bool_or(_each.sent_at.is_(None)).filter(_too_many), False)
_paused = select(upstreams.c.paused_until).where(_named).scalar_subquery()
_wait = select(
    func.greatest(
        seconds(_paused - NOW),
        case((~_hidden, seconds(func.max(_each.sent_at).filter(_too_many) + _WINDOW - NOW))),
        case((_crowded | _hidden, bindparam("guess", type_=Float)), else_=0.0),
    ).label("seconds")
).cte("wait")
_new: dict[str, ColumnElement[Any]] = {
    "id": _SLOT,
    "upstream": _UPSTREAM,
    "holder": _HOLDER,
    "pictures": _PICTURES,
    "taken_at": NOW,
    "until": NOW + _LEASE,
}
_fits = select(*_new.values()).where(_wait.c.seconds <= 0)
_taken = insert(slots).from_select(list(_new), _fits).cte("taken")

TAKE = select(_wait.c.seconds).add_cte(_taken)
"""Take a slot, or tell in how many seconds to ask again."""

SEND = update(slots).where(_mine, _row.sent_at.is_(None), _row.until > NOW).values(sent_at=NOW)
"""Stamp a slot, if it is one that may still be used."""

RELEASE = update(slots).where(_mine).values(until=NOW, holder="")
"""End a slot's lease. One never sent is removed by the next taker, like that of a dead holder."""

BEAT = (
    update(slots)
    .where(_row.upstream == _its.c.name, _row.holder == _HOLDER)
    .where(_row.id == func.any(bindparam("slots", type_=postgresql.ARRAY(Text))))
    # What is sent is being made, however late its holder says so; an unsent one is not awaited any more.
    .where(or_(_row.until > NOW, _row.sent_at.is_not(None)))
    .values(until=NOW + _LEASE)
)
"""Renew the leases of a holder's slots."""

_pause = postgresql.insert(upstreams).values(name=_UPSTREAM, paused_until=NOW + _PAUSE)
PAUSE = _pause.on_conflict_do_update(
    index_elements=list(upstreams.primary_key),
    set_={"paused_until": func.greatest(upstreams.c.paused_until, _pause.excluded.paused_until)},
)
"""Let nobody take a slot for a while."""
