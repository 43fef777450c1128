"""An invented sample for the demo: a day and a half of busy, mostly harmless threads, and exactly two pile-ons.

Nobody in it exists. What looks like a pile-on and is none is in it too: a person whom many answer kindly, one persistent
enemy of one person, two friends who insult each other for fun, a debate where everybody is rude to somebody else.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Comment
from streams.sources.phrases import phrase

SOURCE: Final = "sample"
COMMUNITIES: Final = ("sport", "politics", "cooking", "gardening")
HOURS: Final = 36
"""How long the sample lasts, in event time."""
CHAIN_TARGET: Final = "marta-linden"
"""The person piled on within one reply chain."""
CROSS_TARGET: Final = "ivo-karst"
"""The person piled on across two conversations."""
LOVED: Final = "nell-barrow"
"""The person whom many answer kindly."""
HOUNDED: Final = "tess-moreau"
"""The person with one persistent enemy."""
FEWEST: Final = 700
"""Comments; less does not hold the stories."""

_FIRST: Final = (
    "amber brisk calm dusty early fuzzy gentle hazel idle jolly keen lucky mellow noble ochre plain quiet rusty silver tidy upbeat velvet"
    " windy young"
).split()
_SECOND: Final = (
    "badger comet dormouse egret fern goose heron iris jackdaw kettle lantern magpie newt otter pigeon quill raven sparrow teapot urchin"
    " vole walnut yarrow zither"
).split()


class _Talk(Struct):
    """A conversation: where it is, and what was said so far."""

    community: str
    conversation_id: str
    said: list[Comment] = msgspec.field(default_factory=list)


def sample(start: datetime, comments: int = 4000) -> Iterator[Comment]:
    """Yield ``comments`` comments (at least ``FEWEST``) of ``HOURS`` hours from ``start``, in order of arrival; always the same ones."""
    told = _Teller(start)
    told.pile_on_in_one_chain(at=8.0)
    told.pile_on_across_conversations(at=17.5)
    told.kind_crowd(at=4.0)
    told.persistent_enemy(at=2.0)
    told.banter(at=11.0)
    told.rude_debate(at=21.0)
    told.everyday(max(comments, FEWEST) - len(told.comments))
    yield from sorted(told.comments, key=_arrival)


def _arrival(comment: Comment) -> tuple[datetime, str]:
    return comment.ingested_at or comment.created_at, comment.comment_id


class _Teller:
    """Tells the stories, one after the other, with one seed."""

    def __init__(self, start: datetime) -> None:
        self.comments: list[Comment] = []
        self._start = start
        self._chance = Random(20240501)
        self._crowd = [f"{first}-{second}" for first in _FIRST for second in _SECOND]
        self._chance.shuffle(self._crowd)
        self._talks = 0

    def pile_on_in_one_chain(self, at: float) -> None:
        """Fourteen people turn on one in the chain below her comment; she answers some, two defend her."""
        talk = self._talk("politics", at - 1.5)
        first = self._say(talk, at - 0.1, CHAIN_TARGET, "harmless")
        last = first
        for n, author in enumerate(self._fresh(14)):
            below = first if n % 3 else last
            self._say(talk, at + 0.07 * n, author, "hostile", below)
            if n % 4 == 3:
                last = self._say(talk, at + 0.07 * n + 0.03, CHAIN_TARGET, "harmless", talk.said[-1])
        for n, author in enumerate(self._fresh(2)):
            self._say(talk, at + 0.5 + 0.2 * n, author, "friendly", first)

    def pile_on_across_conversations(self, at: float) -> None:
        """Thirteen people turn on one, some below one article, some below another: neither conversation shows the half of it."""
        talks = (self._talk("sport", at - 2), self._talk("sport", at - 1))
        said = [self._say(talk, at - 0.2, CROSS_TARGET, "harmless") for talk in talks]
        for n, author in enumerate(self._fresh(13)):
            talk = talks[n % 2]
            if n == 4:
                self._say(talk, at + 0.09 * n, author, "hostile", called=CROSS_TARGET)
            else:
                self._say(talk, at + 0.09 * n, author, "hostile", said[n % 2])
        self._say(talks[0], at + 1.2, CROSS_TARGET, "harmless", said[0])

    def kind_crowd(self, at: float) -> None:
        """A hundred and fifty people answer one person kindly within two hours, two do not."""
        talk = self._talk("cooking", at - 1)
        first = self._say(talk, at, LOVED, "friendly")
        for n, author in enumerate(self._fresh(150)):
            self._say(talk, at + 0.05 + 0.013 * n, author, "hostile" if n in (40, 110) else "friendly", first)

    def persistent_enemy(self, at: float) -> None:
        """One person hounds another all day: bad, and no pile-on."""
        enemy = self._fresh(1)[0]
        for n in range(24):
            if n % 6 == 0:
                talk = self._talk("gardening", at + n - 0.3)
                first = self._say(talk, at + n - 0.2, HOUNDED, "harmless")
            self._say(talk, at + n, enemy, "hostile", first)

    def banter(self, at: float) -> None:
        """Two friends insult each other for fun."""
        talk = self._talk("sport", at - 1)
        friends = self._fresh(2)
        last = self._say(talk, at, friends[0], "harmless")
        for n in range(24):
            last = self._say(talk, at + 0.1 * (n + 1), friends[(n + 1) % 2], "banter", last)

    def rude_debate(self, at: float) -> None:
        """Everybody is rude to somebody, nobody is everybody's target."""
        talk = self._talk("politics", at - 1)
        people = self._fresh(30)
        said = [self._say(talk, at + 0.01 * n, author, "harmless") for n, author in enumerate(people)]
        for n, author in enumerate(people):
            self._say(talk, at + 0.5 + 0.05 * n, author, "hostile", said[(n + 7) % len(said)])

    def everyday(self, comments: int) -> None:
        """The rest: conversations of about forty comments."""
        while comments > 0:
            length = min(comments, self._chance.randint(25, 55))
            begin = self._chance.uniform(0, HOURS - 3)
            talk = self._talk(self._chance.choice(COMMUNITIES), begin)
            people = self._chance.sample(self._crowd, 18)
            for n in range(length):
                self._everyday(talk, begin + 0.2 + n * 2.7 / length, self._chance.choice(people))
            comments -= length

    def _everyday(self, talk: _Talk, at: float, author: str) -> None:
        mood = self._chance.choices(("harmless", "friendly", "grumbling"), (70, 25, 5))[0]
        others = [comment for comment in talk.said[-12:] if comment.author_id != author]
        kind = self._chance.random()
        if not others or kind < 0.3:
            self._say(talk, at, author, mood)
        elif kind < 0.4:
            self._say(talk, at, author, mood, called=self._chance.choice(others).author_id)
        else:
            self._say(talk, at, author, mood, self._chance.choice(others))

    def _fresh(self, count: int) -> list[str]:
        """Return people who appear nowhere else."""
        taken, self._crowd = self._crowd[:count], self._crowd[count:]
        return taken

    def _talk(self, community: str, at: float) -> _Talk:
        self._talks += 1
        return _Talk(community, f"{community}-{self._start + timedelta(hours=at):%m%d}-{self._talks}")

    def _say(self, talk: _Talk, at: float, author: str, mood: str, to: Comment | None = None, called: str | None = None) -> Comment:
        text = phrase(self._chance, mood, talk.community)
        written = self._start + timedelta(seconds=round(at * 3600) + self._chance.randint(0, 60))
        comment = Comment(
            source=SOURCE,
            community=talk.community,
            conversation_id=talk.conversation_id,
            comment_id=f"s{len(self.comments):05}",
            parent_id=to.comment_id if to else None,
            author_id=author,
            author_name=author,
            text=f"@{called} {text}" if called else text,
            created_at=max(written, to.created_at + timedelta(seconds=5)) if to else written,
        )
        comment = msgspec.structs.replace(comment, ingested_at=comment.created_at + timedelta(seconds=self._chance.randint(1, 4)))
        talk.said.append(comment)
        self.comments.append(comment)
        return comment
