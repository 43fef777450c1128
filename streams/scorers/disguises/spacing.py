"""Words spelt out: ``i d i o t``, ``i.d.i.o.t``."""

import re
from collections.abc import Iterator
from typing import Final

from streams.scorers.disguises.known import words
from streams.scorers.disguises.traced import Disguise, Edit

_LETTER: Final = r"[A-Za-z0134578@$!|€+]"
_ALONE: Final = r"(?![^\s\"')\].,;:?!*_])"
_BY_SPACES: Final = re.compile(rf"(?<![^\s\"(\[*_]){_LETTER}(?:\s+{_LETTER}{_ALONE}){{2,}}+")
_TWO_ALONE: Final = re.compile(rf"\s{_LETTER}\s+{_LETTER}{_ALONE}")
"""The second and the third letter of what is spelt."""
_BY_SIGNS: Final = re.compile(rf"(?<![\w@.\-*~/]){_LETTER}([._\-*~/+]){_LETTER}(?:\1{_LETTER})++(?![\w@/])")
_GAP: Final = re.compile(r"\s{2,}|\n")
_SPACES: Final = re.compile(r"\s+")
_AT_LEAST: Final = 2
"""Letters of the alphabet in what is spelt: dates and sums are not words."""


def spelt_out(text: str) -> Iterator[Edit]:
    """Yield what puts words together that are spelt with spaces: cut where gaps are wider, else where words end."""
    for found in _BY_SPACES.finditer(text) if _TWO_ALONE.search(text) else ():
        start, end = found.span()
        groups = _GAP.split(found[0]) if _has_narrow_gaps(found[0]) else [found[0]]
        said = " ".join(" ".join(_read(_SPACES.sub("", group))) for group in groups)
        if _letters(found[0]) >= _AT_LEAST and said != " ".join(found[0].split()):
            yield Edit(start, end, said, Disguise.SPACING)


def _has_narrow_gaps(spelt: str) -> bool:
    return any(len(gap) == 1 and gap != "\n" for gap in _SPACES.findall(spelt))


def separated(text: str) -> Iterator[Edit]:
    """Yield what puts words together whose letters one sign keeps apart."""
    for found in _BY_SIGNS.finditer(text):
        if _letters(found[0]) >= _AT_LEAST:
            yield Edit(*found.span(), " ".join(_read(found[0][::2])), Disguise.SPACING)


def _letters(text: str) -> int:
    return sum(letter.isalpha() for letter in text)


def _read(letters: str) -> list[str]:
    """Return the words that letters without gaps are. One that nobody knows, and signs among letters, stay together."""
    if not letters.isalpha() or letters.lower() in words().usual:
        return [letters]
    found = words().split(letters.lower())
    return found if max(map(len, found)) > 2 else [letters]
