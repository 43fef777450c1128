"""What stands round a comment's strong words: before and behind them, beside "you", in its other sentences. Pure and linear.

Each thing found has a name ("before: of", "behind: ."), for which a weight may have been learned. A word that is of no closed class
stands for its kind: "REP" for those that report, "SUP" and "WARM" for kind ones, "CON" for those of blame, else "o".
"""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Final

from streams.stages.hearing import Clause, clauses_of
from streams.stages.lexicon import INSULTING_PLURALS, SECOND
from streams.stages.whom import words as w

LONGEST: Final = 5
"""Fours of words beside the strong ones that are told apart."""


class Context:
    """What was found: names, and two facts that the signs need."""

    __slots__ = ("_strong", "inside", "more", "names")

    def __init__(self, text: str, words: Sequence[str]) -> None:
        """Take a comment's own text, quotations left out, and all its words."""
        self.names: set[str] = set(_pairs(words))
        self._strong: set[int] = set()
        spoken: list[bool] = []
        clauses = [(clause, [word.lower() for word in clause.words]) for clause in clauses_of(text)]
        for place, (clause, said) in enumerate(clauses):
            self.names.update(_beside_you(said))
            for span in _spans(said):
                self._strong.add(clause.sentence)
                self.names.update(_round(clause, said, span, place, len(clauses) - 1))
                spoken.extend(_is_led(said, span))
        self.inside = bool(spoken) and not any(spoken)
        """Whether all that is thrown at "you" stands amid other words: "who writes you are a liar will be banned"."""
        self.more = len(self._strong) < len({clause.sentence for clause, _ in clauses})
        """Whether it has sentences without a strong word."""
        self._count(clauses)

    def _count(self, clauses: Sequence[tuple[Clause, Sequence[str]]]) -> None:
        beside = 0
        for clause, said in clauses:
            calm = [word for word in said if word not in w.STRONG]
            beside += len(calm)
            if clause.sentence not in self._strong:
                self.names.update(f"elsewhere: {word}" for word in calm)
        self.names.add(f"length: {min(beside // 4, LONGEST)}")


def _kind(word: str) -> str:
    return w.KIND_OF.get(word, "o")


def _pairs(words: Sequence[str]) -> Iterator[str]:
    """Yield each two neighbours by their kinds, and the first word."""
    kinds = [w.PAIRED.get(word, "o") for word in words]
    yield from (f"pair: {one} {other}" for one, other in pairwise(chain("^", kinds, "$")))
    if words:
        yield f"first: {words[0]}"


def _beside_you(said: Sequence[str]) -> Iterator[str]:
    for here, word in enumerate(said):
        if word in w.READER:
            yield f"before you: {_kind(said[here - 1]) if here else '^'}"
        if word in SECOND:
            after = _kind(said[here + 1]) if here + 1 < len(said) else "$"
            yield f"{'your' if word in w.READERS else 'you'}: {'are' if word == 'youre' else after}"


class _Span:
    """Strong words with what belongs to them ("you are such a", "piece of"); ``spoken``: from where a command leads up to them."""

    __slots__ = ("end", "kind", "spoken", "start", "you")

    def __init__(self, said: Sequence[str], first: int, last: int) -> None:
        start = first
        while start and said[start - 1] in w.LEADING_UP:
            start -= 1
        self.spoken = start
        while self.spoken and said[self.spoken - 1] in w.COMMANDS:
            self.spoken -= 1
        self.start, self.end = start, last
        span = frozenset(said[start : last + 1])
        self.you = not w.READER.isdisjoint(span)
        self.kind = self._described(span, said[last])

    def _described(self, span: frozenset[str], last: str) -> str:
        article = "Y" if self.you else "A" if not span.isdisjoint(("a", "an")) else "T" if "the" in span else "0"
        heat = "h" if last in w.HEATED and "piece" not in span else ""
        return f"{heat}{article}{'p' if last in INSULTING_PLURALS else ''}{'s' if self.spoken < self.start else ''}"


def _spans(said: Sequence[str]) -> Iterator[_Span]:
    first = last = -1
    for here, word in enumerate(said):
        if word not in w.STRONG:
            continue
        if first >= 0 and not w.LEADING_UP.issuperset(said[last + 1 : here]):
            yield _Span(said, first, last)
            first = -1
        first, last = here if first < 0 else first, here
    if first >= 0:
        yield _Span(said, first, last)


def _is_led(said: Sequence[str], span: _Span) -> Iterator[bool]:
    """Yield, of what is thrown at "you", whether a clause begins with it or a word that may stand before such a thing."""
    if span.you or span.spoken < span.start:
        yield span.spoken == 0 or said[span.spoken - 1] in w.LEADS


def _round(clause: Clause, said: Sequence[str], span: _Span, place: int, last: int) -> Iterator[str]:
    before = _kind(said[span.spoken - 1]) if span.spoken else f"^{'' if place == 0 else clause.before or '.'}"
    ends = span.end == len(said) - 1
    behind = f"${'' if place == last else clause.after or '.'}" if ends else _kind(said[span.end + 1])
    yield from (f"before: {before}", f"behind: {behind}", f"strong: {span.kind}")
    yield from (f"before {span.kind}: {before}", f"behind {span.kind}: {behind}")
    yield f"round {span.kind}: {before if not span.spoken else 'w'} {behind if ends else 'w'}"
