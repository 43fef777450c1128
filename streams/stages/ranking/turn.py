"""What the ranker remembers of a message: who, when, whom it calls, hashes of its words and a few signs. No text, a bounded size."""

import re
from collections.abc import Callable, Sequence
from enum import IntFlag
from typing import Final
from zlib import crc32

from msgspec import Struct

from streams.stages.quotes import MAX_READ

LOOK_BACK: Final = 80
"""Messages before one that it may answer."""
MAX_WORDS: Final = 24
MAX_CALLS: Final = 4
_MAX_LOOKED_AT: Final = 40
"""Words of a message among which people are looked for."""
_WORD: Final = re.compile(r"[\w'.\-\[\]\\^{}|`]+")
_APART: Final = re.compile(r"[^\s,:;!?()<>\"]+")
_STOPWORDS: Final = frozenset(
    "the a an to of and or in on is it i you that this for with be are was have do not my me your if can but so at as what how just from "
    "get there its it's i'm don't no yes will would has had or any when then they them he she we".split()
)
_THANKS: Final = frozenset("thanks thank thx ty cheers yes yeah yep yup no nope nah ok okay right sure hmm oh ah lol haha correct".split())
_GREETINGS: Final = frozenset("hi hello hey hiya morning evening greetings all".split())
_QUESTIONS: Final = frozenset("how what why where who which when is can does anyone anybody do".split())
_JOINS: Final = frozenset("and but or also so because cause then though although which plus unless anyway otherwise except".split())
_SECOND: Final = frozenset("you your u ur you're".split())
_NO_NAMES: Final = _STOPWORDS | _THANKS | _GREETINGS | _QUESTIONS


class Sign(IntFlag):
    """What can be seen of a message at once."""

    CALLS_FIRST = 1
    """It begins with a name."""
    ASKS = 2
    THANKS = 4
    """It begins with thanks, a yes or a no."""
    GREETS = 8
    SECOND = 16
    """It says "you"."""
    LINK = 32
    JOINS = 64
    """It begins with a word that goes on with something said."""
    CONTINUES = 128
    """It begins as the middle of a sentence does."""
    TRAILS = 256
    """It ends as if more came."""


class Turn(Struct, frozen=True, array_like=True, gc=False):
    """One message, as far as it is remembered: some 300 bytes."""

    at: int
    """Minutes since any fixed instant; the same for all where there are no times."""
    author: str
    calls: tuple[str, ...] = ()
    """People it calls by name, in order."""
    words: tuple[int, ...] = ()
    """32-bit hashes of at most 24 words that mean something."""
    signs: int = 0
    length: int = 0
    """How many words."""
    back: int = 0
    """How many messages before it the one stands that it was found to answer; 0: it starts anew, or nobody looked."""


def turn_of(at: int, author: str, text: str, known: Callable[[str], str | None]) -> Turn:
    """Return what is remembered of a message. ``known`` tells whose name a lower-case word is, if it is anybody's here."""
    lower = text[:MAX_READ].lower()
    words = [word for found in _WORD.findall(lower) if (word := found.strip(".'-"))]
    calls, first = _called(lower, author, known)
    said = {word for word in words if len(word) > 1 and word not in _STOPWORDS and known(word) is None}
    signs = _signs(lower, words, first) | (Sign.CONTINUES if _goes_on(text, words, first) else 0)
    hashed = sorted({crc32(word.encode("utf-8", "replace")) for word in said})
    return Turn(at, author, calls, tuple(hashed[:MAX_WORDS]), int(signs), len(words))


def _called(lower: str, author: str, known: Callable[[str], str | None]) -> tuple[tuple[str, ...], bool]:
    """Return whom a message calls, and whether it begins so. A name that is a usual word counts before a colon or comma alone."""
    calls: list[str] = []
    first = False
    for place, found in enumerate(_APART.findall(lower)[:_MAX_LOOKED_AT]):
        word = found.strip(".'@")
        person = known(word)
        if person is None or person == author or person in calls:
            continue
        if (len(word) > 2 and word not in _NO_NAMES) or (place == 0 and lower.lstrip()[len(found) :].lstrip()[:1] in {":", ","}):
            first = first or (place == 0 and not calls)
            calls.append(person)
    return tuple(calls[:MAX_CALLS]), first


def _signs(lower: str, words: Sequence[str], first: bool) -> int:
    given = (
        (Sign.CALLS_FIRST, first),
        (Sign.ASKS, "?" in lower or not _QUESTIONS.isdisjoint(words[:1])),
        (Sign.THANKS, not _THANKS.isdisjoint(words[:3])),
        (Sign.GREETS, not _GREETINGS.isdisjoint(words[:2])),
        (Sign.SECOND, not _SECOND.isdisjoint(words)),
        (Sign.LINK, "http" in lower),
        (Sign.JOINS, _joins(words, first)),
        (Sign.TRAILS, lower.endswith(("..", ","))),
    )
    return sum(sign for sign, holds in given if holds)


def _joins(words: Sequence[str], first: bool) -> bool:
    after = words[1:2] if first and len(words) > 1 else words[:1]
    return not _JOINS.isdisjoint(after)


def _goes_on(text: str, words: Sequence[str], first: bool) -> bool:
    return _joins(words, first) or text[:1] in set("*^.(") or (text[:1].islower() and len(words) <= 5)
