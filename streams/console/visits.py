"""What changed since somebody last looked at Live. A visit is over when its list was not looked at for half an hour."""

import sqlite3
from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.console.taking import millis
from streams.engine import moment

COOKIE: Final = "threadwatch-visits"
"""Not signed and no secret: two times in seconds, when the last visit ended and when this one was last seen; ``console.js`` moves that."""
_OVER_AFTER: Final = 1800
_KEPT_FOR: Final = 400 * 86_400
_LATEST: Final = 10**11
"""Seconds since 1970 that a time can still say, some years from now."""
_CHANGED: Final = """SELECT pileon_id, status, severity, (SELECT severity FROM transitions WHERE transitions.pileon_id = pileons.pileon_id
    AND arrived <= ?1 ORDER BY revision DESC LIMIT 1) AS before FROM pileons WHERE arrived > ?1"""


class News(Struct, frozen=True):
    """Ids of cases, by what became of them since."""

    since: datetime
    opened: frozenset[str]
    worse: frozenset[str]
    ended: frozenset[str]

    def of(self, pileon_id: str) -> str:
        """Return ``new``, ``worse``, or nothing."""
        return "new" if pileon_id in self.opened else "worse" if pileon_id in self.worse else ""


class Visit(Struct, frozen=True):
    """When the last visit ended, 0 if there was none, and when this one was last seen; seconds."""

    before: int
    seen: int

    @classmethod
    def of(cls, cookie: str | None, now: datetime) -> "Visit":
        """Return the visit that a request at this time belongs to. What is no cookie of ours counts as none."""
        at = int(now.timestamp())
        before, _, seen = (cookie or "").partition(".")
        if not (_is_time(before) and _is_time(seen) and int(before) <= int(seen) <= at + _OVER_AFTER):
            return cls(0, at)
        return cls(int(seen) if at - int(seen) > _OVER_AFTER else int(before), at)

    def line(self, scheme: str) -> str:
        """Return the header that sets its cookie."""
        secure = "; Secure" if scheme == "https" else ""
        return f"{COOKIE}={self.before}.{self.seen}; SameSite=Lax; Path=/; Max-Age={_KEPT_FOR}{secure}"


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 11


def news(connection: sqlite3.Connection, before: int) -> News | None:
    """Return what became of which cases since then (seconds); None where there was no visit before."""
    if not 0 < before <= _LATEST:
        return None
    since = moment(before * 1000)
    rows = connection.execute(_CHANGED, (millis(since),)).fetchall()
    return News(
        since,
        frozenset(row["pileon_id"] for row in rows if row["before"] is None and row["status"] != "closed"),
        frozenset(row["pileon_id"] for row in rows if row["before"] not in (None, row["severity"]) and row["status"] != "closed"),
        frozenset(row["pileon_id"] for row in rows if row["status"] == "closed"),
    )
