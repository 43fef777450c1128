"""What to judge next: unjudged pile-ons, those first whose verdict says most of how right the detectors are."""

import sqlite3
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console import cases
from streams.console.cases import Case, View
from streams.console.desk import Desk
from streams.console.taking import millis
from streams.records import Judgement
from streams.replay.backtest.intervals import Share, share
from streams.replay.backtest.widest import in_turn

MOST: Final = 20
_LOOKED_AT: Final = 500
"""Unjudged cases of one detector that are put in order; nobody judges more in a day."""
_LATEST: Final = "(SELECT pileon_id, judgement, max(judged) FROM verdicts GROUP BY pileon_id)"
"""SQLite takes the other columns from the row of the maximum."""
_JUDGED: Final = f"SELECT detector, judgement, count(*) FROM pileons JOIN {_LATEST} USING (pileon_id) GROUP BY 1, 2"  # noqa: S608 ours
_UNJUDGED: Final = """SELECT * FROM pileons WHERE detector = ? AND updated >= ? AND pileon_id NOT IN (SELECT pileon_id FROM verdicts)
    ORDER BY severity = 'critical' DESC, hostile_authors DESC, opened, pileon_id LIMIT ?"""
_COUNTED: Final = """SELECT detector, sum(updated >= ?) FROM pileons WHERE pileon_id NOT IN (SELECT pileon_id FROM verdicts)
    GROUP BY detector ORDER BY detector"""
_DIFFERING: Final = """SELECT * FROM pileons WHERE updated >= ? AND pileon_id IN (
    SELECT pileon_id FROM (SELECT pileon_id, judge, judgement, max(judged) FROM verdicts GROUP BY pileon_id, judge)
    GROUP BY pileon_id HAVING count(DISTINCT judgement) > 1) ORDER BY updated DESC LIMIT ?"""


class Detector(Struct, frozen=True):
    """How right one is, as far as anybody said."""

    name: str
    precision: Share
    unjudged: int


def detectors(connection: sqlite3.Connection, since: int) -> list[Detector]:
    """Return every detector that fired, with its precision (the latest verdict of each case; unsure counts for nothing)."""
    said: dict[str, dict[str, int]] = {}
    for name, judgement, count in connection.execute(_JUDGED):
        said.setdefault(name, {})[judgement] = count
    waiting = {name: int(count or 0) for name, count in connection.execute(_COUNTED, (since,))}
    found = []
    for name in sorted(said.keys() | waiting):
        hits, misses = (said.get(name, {}).get(each, 0) for each in (Judgement.PILE_ON, Judgement.NOT_ONE))
        found.append(Detector(name, share(hits, hits + misses), waiting.get(name, 0)))
    return found


def ordered(connection: sqlite3.Connection, some: list[Detector], since: int, view: View, most: int = MOST) -> list[Case]:
    """Return the cases to judge next, best first: each time of the detector whose precision is known least.

    Of one detector the critical come first, then those with most people, then the oldest, as backtests have it.
    """
    groups = [(one.precision, connection.execute(_UNJUDGED, (one.name, since, _LOOKED_AT)).fetchall()) for one in some]
    return cases.cases_of(connection, in_turn(groups, most), view)


def differing(connection: sqlite3.Connection, since: int, view: View) -> list[Case]:
    """Return cases whose judges differ, the latest first: one more verdict decides."""
    return cases.cases_of(connection, connection.execute(_DIFFERING, (since, MOST)).fetchall(), view)


class Queue:
    """The page of what to judge next."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        """Return the list."""
        view = self._desk.view()
        with self._desk.reading() as connection:
            known = detectors(connection, self._since(view))
            values: dict[str, Any] = {
                "detectors": known,
                "cases": ordered(connection, known, self._since(view), view),
                "differing": differing(connection, self._since(view), view),
            }
        return self._desk.page(request, "queue.html", news=None, query={}, most=MOST, retention=self._desk.settings.retention, **values)

    def next(self, request: Request) -> Response:
        """Lead to the first of the list that is not the case one comes from."""
        view = self._desk.view()
        with self._desk.reading() as connection:
            some = ordered(connection, detectors(connection, self._since(view)), self._since(view), view, most=2)
        names = [case.pileon.pileon_id for case in some if case.pileon.pileon_id != request.query_params.get("after")]
        return RedirectResponse(request.url_for("pileon", pileon_id=names[0]).path if names else "/queue", 303)

    def _since(self, view: View) -> int:
        """Return from when on cases are listed (milliseconds): of older ones the comments are gone, and nobody could judge them."""
        return millis(view.now - max(timedelta(days=1), self._desk.settings.retention))
