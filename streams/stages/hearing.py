"""One comment as ``address`` hears it: sentences, clauses, quotations, hashes. Linear in the text; keeps nothing."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from streams.records import TextFormat
from streams.stages.lexicon import STOPWORDS
from streams.stages.quotes import hashes, plain, spoken, words_of

_TOKEN: Final = re.compile(r"[^\W_]+|[.!?;\n,:@]")
_ENDS: Final = frozenset(".!?;\n")
_MARKS: Final = _ENDS | frozenset(",:@")
_COPULAS: Final = frozenset("is are was were has have will should isnt arent wants".split())


class Clause(Struct, frozen=True):
    """Words between two marks, in their own case."""

    words: tuple[str, ...]
    before: str
    """The mark before it; empty at the start."""
    after: str
    sentence: int


class Heard(Struct, frozen=True):
    """One comment, taken apart."""

    text: str
    """Own words, without certain quotations and without apostrophes."""
    sentences: tuple[tuple[str, ...], ...] = ()
    """Words in lower case, without apostrophes."""
    clauses: tuple[Clause, ...] = ()
    subjects: tuple[tuple[str, ...], ...] = ()
    """Per sentence, the proper name that is its subject, in its own case; empty if there is none."""
    quoted: tuple[frozenset[int], ...] = ()
    """Hashes of each certain quotation."""
    marked: tuple[frozenset[int], ...] = ()
    """Hashes of what stands in quotation marks."""
    said: frozenset[int] = frozenset()
    """Hashes of the own words."""


def hear(text: str | None, written: TextFormat = TextFormat.PLAIN) -> Heard:
    """Return a text taken apart; an empty one for no text."""
    if not text:
        return Heard("")
    parts = spoken(plain(text, written))
    own = parts.own.replace("'", "")
    clauses = tuple(_clauses(own))
    sentences, subjects = _sentences(clauses)
    return Heard(
        text=own,
        sentences=sentences,
        clauses=clauses,
        subjects=subjects,
        quoted=_hashed(parts.quoted),
        marked=_hashed(parts.marked),
        said=frozenset(hashes([word for sentence in sentences for word in sentence])),
    )


def _hashed(spans: Iterable[str]) -> tuple[frozenset[int], ...]:
    return tuple(frozenset(hashes(words_of(span))) for span in spans)


def _clauses(text: str) -> Iterable[Clause]:
    words: list[str] = []
    before, sentence, here = "", 0, 0
    for token in _TOKEN.findall(text):
        if token not in _MARKS:
            words.append(token)
            continue
        if words:
            yield Clause(tuple(words), before, token, sentence)
            here, words = here + 1, []
        before = token
        if here and token in _ENDS:
            sentence, here = sentence + 1, 0
    if words:
        yield Clause(tuple(words), before, "", sentence)


def _sentences(clauses: Sequence[Clause]) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    sentences: list[list[str]] = []
    subjects: list[tuple[str, ...]] = []
    for clause in clauses:
        lowered = list(map(str.lower, clause.words))
        if clause.sentence == len(sentences):
            sentences.append(lowered)
            subjects.append(_subject(clause.words, lowered))
        else:
            sentences[-1].extend(lowered)
    return tuple(tuple(sentence) for sentence in sentences), tuple(subjects)


def _subject(words: Sequence[str], lowered: Sequence[str]) -> tuple[str, ...]:
    """Return the capitalised words that a sentence starts with, if "is", "are" or the like follows them."""
    named = 0
    while named < min(4, len(words)) and words[named][0].isupper() and lowered[named] not in STOPWORDS:
        named += 1
    return tuple(words[:named]) if named and named < len(words) and lowered[named] in _COPULAS else ()
