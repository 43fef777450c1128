"""One comment as ``address`` hears it: sentences, clauses, quotations, hashes. Linear in the text; keeps nothing."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, islice
from typing import Final

from msgspec import Struct

from streams.records import TextFormat
from streams.stages.lexicon import STOPWORDS
from streams.stages.quotes import WORD, hashes, in_marks, plain, spoken, without_apostrophes, words_of

_ENDS: Final = frozenset(".!?;\n")
_END: Final = re.compile(r"[.!?;\n]")
_MARK: Final = re.compile(r"([.!?;\n,:@])")
_SIGNS: Final = re.compile(r"[^\w\x00-\x7f]+")
_COPULAS: Final = frozenset("is are was were has have will should isnt arent wants".split())
_ASCII: Final = tuple(map(chr, range(128)))
_LOWERED: Final = "".join(sign.lower() if sign.isalnum() else "\n" if sign in _ENDS else " " for sign in _ASCII).encode().ljust(256)
"""ASCII → its words in lower case, a line for each sentence. A table of bytes: ``str.translate`` asks its own anew for each text."""
_CASED: Final = "".join(sign if sign.isalnum() or _MARK.match(sign) else " " for sign in _ASCII).encode().ljust(256)
"""ASCII → its words and marks."""


class Clause(Struct, frozen=True, gc=False):
    """Words between two marks, in their own case."""

    words: tuple[str, ...]
    before: str
    """The mark before it; empty at the start."""
    after: str
    sentence: int


class Heard:
    """One comment, taken apart. What few comments are asked for is made when it is asked for."""

    __slots__ = ("_clauses", "_quotations", "said", "sentences", "text", "words")

    def __init__(self, text: str = "", quotations: Sequence[str] = ()) -> None:
        """Take the own words without certain quotations and without apostrophes, and the quotations."""
        self.text = text
        self.sentences: Sequence[Sequence[str]] = sentences_of(text)
        """Words in lower case, without apostrophes."""
        self.words: Sequence[str] = list(chain.from_iterable(self.sentences))
        """Those of all sentences."""
        self.said: AbstractSet[int] = hashes(self.words)
        """Hashes of the own words."""
        self._quotations = quotations
        self._clauses: Sequence[Clause] | None = None

    @property
    def clauses(self) -> Sequence[Clause]:
        """The own words between two marks."""
        if self._clauses is None:
            self._clauses = tuple(_clauses(self.text))
        return self._clauses

    @property
    def opening(self) -> Sequence[Clause]:
        """The first three clauses."""
        return tuple(islice(_clauses(self.text), 3)) if self._clauses is None else self._clauses[:3]

    @property
    def subjects(self) -> Sequence[Sequence[str]]:
        """Per sentence, the proper name that is its subject, in its own case; empty if there is none."""
        first: dict[int, Clause] = {}
        for clause in self.clauses:
            first.setdefault(clause.sentence, clause)
        return tuple(_subject(clause.words) for clause in first.values())

    @property
    def quoted(self) -> Sequence[AbstractSet[int]]:
        """Hashes of each certain quotation."""
        return _hashed(self._quotations)

    @property
    def marked(self) -> Sequence[AbstractSet[int]]:
        """Hashes of what stands in quotation marks: a quotation only if somebody said it here."""
        return _hashed(in_marks(self.text))


def hear(text: str | None, written: TextFormat = TextFormat.PLAIN) -> Heard:
    """Return a text taken apart; an empty one for no text."""
    if not text:
        return Heard()
    parts = spoken(plain(text, written))
    return Heard(without_apostrophes(parts.own), parts.quoted)


def _hashed(spans: Iterable[str]) -> tuple[AbstractSet[int], ...]:
    return tuple(hashes(words_of(span)) for span in spans)


def _without_signs(text: str) -> str:
    """Return the text with spaces for what is no letter, digit or mark of any kind: most is ASCII then, and read without regexes."""
    return text if text.isascii() else _SIGNS.sub(" ", text)


def _translated(text: str, table: bytes) -> str:
    return text.encode().translate(table).decode()


def sentences_of(text: str) -> list[list[str]]:
    """Return the words of each sentence in lower case."""
    text = _without_signs(text)
    if text.isascii():
        return [words for line in _translated(text, _LOWERED).split("\n") if (words := line.split())]
    return [[word.lower() for word in words] for part in _END.split(text) if (words := WORD.findall(part))]


def _clauses(text: str) -> Iterable[Clause]:
    text = _without_signs(text)
    words_in, text = (str.split, _translated(text, _CASED)) if text.isascii() else (WORD.findall, text)
    parts = _MARK.split(text)
    before, sentence, spoke = "", 0, False
    for span, after in zip(parts[::2], (*parts[1::2], ""), strict=True):
        if words := words_in(span):
            yield Clause(tuple(words), before, after, sentence)
            spoke = True
        before = after
        if spoke and after in _ENDS:
            sentence, spoke = sentence + 1, False


def _subject(words: Sequence[str]) -> tuple[str, ...]:
    """Return the capitalised words that a sentence starts with, if "is", "are" or the like follows them."""
    named = 0
    while named < min(4, len(words)) and words[named][0].isupper() and words[named].lower() not in STOPWORDS:
        named += 1
    return tuple(words[:named]) if named and named < len(words) and words[named].lower() in _COPULAS else ()
