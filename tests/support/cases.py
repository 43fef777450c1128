"""Pile-ons and what becomes of them while a receiver is away; each on a site of its own, so that one message is one case."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.records import Comment, DeletedBy
from tests.support.builders import SECOND, comment, deleted

INSULT: Final = "You are a stupid, pathetic idiot. Shut up, you moron."
FEW: Final = 4
MANY: Final = 9
"""Hostile people: enough for a warning, enough for critical."""
KINDS: Final = {
    "stays": ("warn", "", ""),
    "worsens": ("warn", "worsen", ""),
    "ends": ("alarm", "end", ""),
    "new": ("", "warn", ""),
    "later-worse": ("", "warn", "worsen"),
    "brief": ("", "alarm", "end"),
}
"""Kind → what happens before, while nobody listens, while the receiver answers 500."""
_WHEN: Final = ("before", "away", "unwell")


class Case(Struct):
    """One person and those who turn on them."""

    source: str
    happens: tuple[str, str, str]
    since: datetime

    def said(self, when: str) -> list[Comment]:
        """Return the comments of one part of the time."""
        what = self.happens[_WHEN.index(when)]
        if what == "warn":
            return [self._root(), *self.hostile(0, FEW)]
        if what == "alarm":
            return [self._root(), *self.hostile(0, MANY)]
        if what == "worsen":
            return self.hostile(FEW, MANY)
        return self.taken_back(MANY) if what == "end" else []

    def _root(self) -> Comment:
        return comment(
            "root", source=self.source, conversation_id=self.source, author_id="ann", created_at=self.since, ingested_at=self.since
        )

    def hostile(self, first: int, last: int) -> list[Comment]:
        """Return hostile answers of different people, a second apart."""
        return [comment(f"c{n}", source=self.source, conversation_id=self.source, author_id=f"p{n}", parent_id="root", text=INSULT,
                        created_at=self.since + (n + 1) * SECOND, ingested_at=self.since + (n + 2) * SECOND)
                for n in range(first, last)]  # fmt: skip

    def taken_back(self, people: int) -> list[Comment]:
        """Return the deletes of all but two of so many: fewer than the floor are left."""
        return [deleted(one, one.created_at + timedelta(minutes=5), deleted_by=DeletedBy.AUTHOR) for one in self.hostile(2, people)]


def cases(number: int) -> list[Case]:
    """Return so many of each kind, all begun ten minutes ago."""
    since = datetime.now(UTC) - timedelta(minutes=10)
    return [Case(f"{kind}-{n}", happens, since) for kind, happens in KINDS.items() for n in range(number)]
