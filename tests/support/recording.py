"""A recording with everything in it that a parity test needs: made, not captured, and the same every time.

Pile-ons by exactly as many people as it takes (so that each of their replies is decisive), worse ones, ended ones, taken
back ones, one across conversations; late, doubled, out-of-order, edited, deleted and unreadable records; parents that come late.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.records import Comment, DeletedBy, Role
from tests.support.builders import HOUR, MINUTE, NOON, comment, deleted, edited

STORMS: Final = 24
FLOOR: Final = 4
"""People who open a pile-on, and who are critical when twice as many: the detector's defaults."""
LATE_TARGETS: Final = 12
DUPLICATED: Final = 40
SWAPPED: Final = 25

_INSULTS: Final = ("idiot", "moron", "loser", "clown", "imbecile", "fool")
_CIVIL: Final = (
    "Good point about the timetable, I had not seen it that way.",
    "Thank you, that helped me a lot.",
    "I was there on Sunday and it was raining all day.",
    "Does anybody know when the next meeting is?",
    "We planted ours in May and they came up late.",
)
_POISON: Final = (
    b"{not json",
    b"[1, 2, 3]",
    b'"just a string"',
    b'{"source": "news"}',
    b'{"source": 7, "community": [], "created_at": "yesterday"}',
    b"\xff\xfe\x00broken",
    b'{"x":' * 3000 + b"1" + b"}" * 3000,
    b"x" * 200_000,
)


class Recording(Struct, frozen=True):
    """Lines as a source delivered them, and what they are about."""

    lines: list[bytes]
    decisive: dict[str, frozenset[str]]
    """Comment whose absence changes the output → the conversations that its case lies in."""
    poison: int
    late: frozenset[str]
    """Comments that arrived too late to count."""

    def comments(self) -> list[Comment]:
        """Return what can be read, in the order it was delivered."""
        return [msgspec.json.decode(line, type=Comment) for line in self.lines if line not in _POISON]


def recording(start: datetime = NOON) -> Recording:
    """Return the recording: about 1,300 lines over three days."""
    book = _Book(start)
    for n in range(STORMS):
        book.storm(n)
    book.late_ones()
    book.everyday(400)
    return book.recording()


class _Book:
    """Gathers what happened, then delivers it with a source's disorder."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.chance = Random(7)
        self.said: list[Comment] = []
        self.decisive: dict[str, frozenset[str]] = {}
        self.late: set[str] = set()

    def storm(self, n: int) -> None:
        """One pile-on: every third is twice the size, some lie across two conversations, some are taken back."""
        at = self.start + n * 2.2 * HOUR
        people, across = (2 * FLOOR if n % 3 == 0 else FLOOR), n % 5 == 1
        talks = (f"storm{n}", f"storm{n}b" if across else f"storm{n}")
        roots = [self._say(at, talk, f"target{n}", "civil", f"root{n}-{side}") for side, talk in enumerate(talks[: 1 + across])]
        hostile = []
        for k in range(people):
            to = roots[k % len(roots)]
            said = at + (5 + 4 * k) * MINUTE
            if n % 4 == 3 and k == 0:  # written civil, and edited to something else when the others came
                first = self._say(said, to.conversation_id, f"p{n}-{k}", "civil", f"h{n}-{k}", to)
                self.said.append(edited(first, self._text("hostile"), said + 12 * MINUTE))
            else:
                first = self._say(said, to.conversation_id, f"p{n}-{k}", "hostile", f"h{n}-{k}", to)
            hostile.append(first)
        for k in range(2):
            self._say(at + (7 + 5 * k) * MINUTE, talks[0], f"kind{n}-{k}", "civil", f"k{n}-{k}", roots[0])
        self._others(n, at, roots[0])
        self._aftermath(n, at, hostile)
        self.decisive |= {one.comment_id: frozenset(talks) for one in hostile}

    def _others(self, n: int, at: datetime, root: Comment) -> None:
        """Who never counts: a bot, the target itself, a child of a parent that comes late or never."""
        talk = root.conversation_id
        self._say(at + 9 * MINUTE, talk, f"bot{n}", "hostile", f"b{n}", root, author_role=Role.BOT)
        self._say(at + 11 * MINUTE, talk, f"target{n}", "civil", f"t{n}", root)
        orphaned = at + (2 if n % 2 else 40) * MINUTE
        missing = comment(f"late-parent{n}", conversation_id=talk)
        self._say(orphaned, talk, f"early{n}", "civil", f"e{n}", missing)
        if n % 6:
            arrived = at + 3 * HOUR
            self._say(arrived, talk, f"slow{n}", "civil", f"late-parent{n}", ingested_at=arrived + 5 * MINUTE)

    def _aftermath(self, n: int, at: datetime, hostile: list[Comment]) -> None:
        """What is taken back closes; what a moderator removes stays counted."""
        after = at + 2 * HOUR
        if n % 8 == 2:
            self.said.append(deleted(hostile[0], after, deleted_by=DeletedBy.AUTHOR))
        if n % 8 == 5:
            self.said.append(edited(hostile[1], self._text("civil"), after))
        if n % 8 == 6:
            self.said.append(deleted(hostile[-1], after, deleted_by=DeletedBy.MODERATOR))

    def late_ones(self) -> None:
        """Hostile replies that would make pile-ons, had they not been scraped a day and more too late."""
        for n in range(LATE_TARGETS):
            at = self.start + (30 + n) * HOUR
            root = self._say(at - 29 * HOUR, f"old{n}", f"past{n}", "civil", f"old-root{n}")
            for k in range(FLOOR + 1):
                written = at - 28 * HOUR + k * MINUTE
                self._say(written, f"old{n}", f"q{n}-{k}", "hostile", f"l{n}-{k}", root, ingested_at=at + k * MINUTE)
                self.late.add(f"l{n}-{k}")

    def everyday(self, count: int) -> None:
        """Harmless talk all the time, some of it by nobody known, some deleted again."""
        for n in range(count):
            at = self.start + n * (66 * HOUR / count)
            talk = f"day{n // 20}"
            to = self.said[-1] if self.said[-1].conversation_id == talk and n % 3 else None
            said = self._say(at, talk, None if n % 11 == 0 else f"person{n % 37}", "civil", f"d{n}", to)
            if n % 40 == 5:
                self.said.append(deleted(said, at + 9 * MINUTE, deleted_by=DeletedBy.AUTHOR))

    def recording(self) -> Recording:
        """Return it all as delivered: by arrival, some twice, some swapped with what came next, poison between."""
        delivered = sorted(self.said, key=_arrival)
        for n in self.chance.sample(range(len(delivered) - 1), SWAPPED):
            delivered[n], delivered[n + 1] = delivered[n + 1], delivered[n]
        lines = [msgspec.json.encode(one) for one in delivered]
        for n in sorted(self.chance.sample(range(len(lines)), DUPLICATED), reverse=True):
            lines.insert(min(n + self.chance.randint(1, 30), len(lines)), lines[n])
        for n, bad in enumerate(_POISON):
            lines.insert(50 + n * 97, bad)
        return Recording(lines, self.decisive, len(_POISON), frozenset(self.late))

    def _say(
        self, at: datetime, talk: str, author: str | None, mood: str, comment_id: str, to: Comment | None = None, **fields: Any
    ) -> Comment:
        delay = timedelta(seconds=self.chance.randint(1, 240))  # so arrival is not the order of writing
        fields.setdefault("ingested_at", at + delay)
        said = comment(
            comment_id,
            conversation_id=talk,
            author_id=author,
            parent_id=to.comment_id if to else None,
            text=self._text(mood),
            created_at=at,
            **fields,
        )
        self.said.append(said)
        return said

    def _text(self, mood: str) -> str:
        if mood == "civil":
            return self.chance.choice(_CIVIL)
        first, second = self.chance.sample(_INSULTS, 2)
        return f"Shut up, you stupid {first}. You are a pathetic {second}, take {self.chance.randint(2, 999)}."


def _arrival(said: Comment) -> tuple[datetime, str]:
    return said.ingested_at or said.created_at, said.comment_id
