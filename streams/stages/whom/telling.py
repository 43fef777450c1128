"""What a comment quotes or reports, and whether it takes anybody's side: an insult told to its target's face is the teller's own."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Final

from streams.stages.hearing import Heard, sentences_of
from streams.stages.hostility import cues
from streams.stages.lexicon import SECOND
from streams.stages.quotes import in_marks, words_of
from streams.stages.whom import words as w

SIDELESS: Final = 2
"""So few words beside a quotation take nobody's side, whatever they are …"""
SHORT: Final = 5
"""… and up to so many, if none of them is of those that do. More are told for a purpose that no list of words knows."""
REPORT: Final = 14
"""The same of a comment that reports an insult, all its words counted …"""
AFTER: Final = 2
"""… with no more than so many behind the last strong one: who stands by somebody goes on."""
_JUST_BEFORE: Final = 4
"""Words: 'you are a "liar"' quotes nobody."""


class Telling:
    """A comment's own sentences, and what it makes of an insult that is not its own."""

    __slots__ = ("heard", "quoted", "sentences")

    def __init__(self, heard: Heard) -> None:
        """Take what is quoted in marks and strong out, unless there is nobody who would say it but who writes."""
        self.heard, self.quoted, self.sentences = heard, False, heard.sentences
        if '"' not in heard.text and "“" not in heard.text:
            return
        text = heard.text
        for span in _strong_quotations(heard.text):
            text = text.replace(f'"{span}"', " ").replace(f"“{span}”", " ")  # who says it outside of marks, too, says it
        if text != heard.text and not _takes_no_side(text):
            self.quoted, self.sentences = True, sentences_of(text)

    def takes_no_side(self, words: Collection[str]) -> bool:
        """Return whether an insult that others are said to have thrown stands there alone, or is agreed with."""
        said = self.heard.words
        if self.quoted or "?" in self.heard.text or len(said) > REPORT:
            return False
        return _has(w.TURNING | w.GRANTED, said) or (w.SIDES.isdisjoint(words) and not w.STRONG.isdisjoint(said[-AFTER - 1 :]))


def turns(words: Sequence[str]) -> bool:
    """Return whether praise, agreement or a report turns on the person addressed."""
    return _has(w.TURNING, words)


def _has(pairs: frozenset[tuple[str, ...]], words: Sequence[str]) -> bool:
    return not pairs.isdisjoint(pairwise(words))


def _strong_quotations(text: str) -> Iterator[str]:
    for span in in_marks(text):
        said = words_of(span)
        if (not w.STRONG.isdisjoint(said) or cues([said]).attack >= 1.0) and not _is_put_in_marks(text, span, said):
            yield span


def _is_put_in_marks(text: str, span: str, said: Sequence[str]) -> bool:
    """Return whether "you" stands right before the marks, and nobody is said to have said it: the marks are for show."""
    before = words_of(text[max(text.find(span) - 40, 0) : max(text.find(span) - 1, 0)])[-_JUST_BEFORE:]
    return SECOND.isdisjoint(said) and not SECOND.isdisjoint(before) and (w.REPORTING | w.NEGATIONS).isdisjoint(before)


def _takes_no_side(outside: str) -> bool:
    words = words_of(outside)
    if len(words) <= SIDELESS:
        return True
    return len(words) <= SHORT and "?" not in outside and w.SIDES.isdisjoint(words)
