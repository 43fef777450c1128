"""Characters: those that nobody sees, that are piled up, and that only look like a Latin letter."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final

from streams.scorers.disguises.confusables import LOOK_ALIKES
from streams.scorers.disguises.traced import Disguise, Edit

INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)
_INVISIBLE_RUN: Final = re.compile(INVISIBLE.pattern + "+")
_BACKWARDS: Final = re.compile("\u202e([^\u202c\u202e\u2069\n]*)[\u202c\u2069]?")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_NOT_ASCII_WORD: Final = re.compile(r"[^\W\d_]*[^\x00-\x7f][\w\u0300-\u036f]*")
_MARK: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20e2\u20e4-\u20ff\ufe20-\ufe2f"
"""Marks that belong to no script, but for the keycap of emoji."""
_OVERLAY: Final = re.compile("[\u0321\u0322\u0334-\u0338\u0488\u0489]")
_LATIN_NAME: Final = re.compile(
    r"(?:NEGATIVE |CROSSED )?(?:CIRCLED |SQUARED |PARENTHESIZED )?"
    r"(?:LATIN (?:LETTER |SMALL LETTER |CAPITAL LETTER )|REGIONAL INDICATOR SYMBOL LETTER )"
    r"(?:SMALL CAPITAL |DOTLESS |SCRIPT |OPEN |TURNED |REVERSED |LONG |INSULAR )?(?P<letter>[A-Z])(?P<accent> WITH .*)?"
)
_TRADE_MARKS: Final = "™℠"
_LATIN_UNTIL: Final = "\u0250"
_FOREIGN_MARKS_UNTIL: Final = 0xFFFF


def backwards(text: str) -> Iterator[Edit]:
    """Yield what turns round the words between an override and its end, unless they are of a script that is written so."""
    for found in _BACKWARDS.finditer(text) if "\u202e" in text else ():
        if found[1] and not any(unicodedata.bidirectional(letter) in "RAL" for letter in found[1] if letter >= _LATIN_UNTIL):
            yield Edit(*found.span(), found[1][::-1], Disguise.REVERSED)


def invisible(text: str) -> Iterator[Edit]:
    """Yield what takes out characters that nobody sees. Between Latin letters they hide a word; elsewhere scripts and emoji need them."""
    for found in _INVISIBLE_RUN.finditer(text) if not text.isascii() else ():
        start, end = found.span()
        hides = start > 0 and end < len(text) and _is_latin(text[start - 1]) and _is_latin(text[end])
        yield Edit(start, end, "", Disguise.INVISIBLE if hides else None)


def _is_latin(letter: str) -> bool:
    return letter < _LATIN_UNTIL and letter.isalpha()


@cache
def _marks() -> re.Pattern[str]:
    """Return marks in a row: of any script where a Latin letter carries them, else those that belong to no script."""
    every = [point for point in range(0x300, _FOREIGN_MARKS_UNTIL) if unicodedata.category(chr(point)) in {"Mn", "Me"}]
    known = set(every)
    firsts = [point for point in every if point - 1 not in known]
    lasts = [point for point in every if point + 1 not in known]
    of_any = "".join(f"{chr(first)}-{chr(last)}" for first, last in zip(firsts, lasts, strict=True))
    return re.compile(f"(?<=[A-Za-z])[{of_any}]+|[{_MARK}]+")


def marks(text: str) -> Iterator[Edit]:
    """Yield what takes off marks: from Latin letters all, from others those that no language piles up so."""
    for found in _marks().finditer(text) if not text.isascii() else ():
        start, end = found.span()
        piled = end - start > 1 or bool(_OVERLAY.match(found[0]))
        if piled or (start and text[start - 1] < _LATIN_UNTIL):
            yield Edit(start, end, "", Disguise.MARKS if piled else None)


def folded(text: str) -> Iterator[Edit]:
    """Yield what makes a form of a Latin letter that letter: full width, mathematical, circled, small capital, with an accent."""
    for found in _NOT_ASCII.finditer(text) if not text.isascii() else ():
        plain, disguise = _plain(found[0])
        if plain is not None:
            yield Edit(*found.span(), plain, disguise)


@lru_cache(maxsize=1 << 12)
def _plain(letter: str) -> tuple[str | None, Disguise | None]:
    """Return what a character is a form of, or None; an accent is no disguise, nor is typography."""
    if letter in _TYPOGRAPHY:
        return _TYPOGRAPHY[letter], None
    if letter in _TRADE_MARKS:
        return " ", None
    named = _LATIN_NAME.fullmatch(unicodedata.name(letter, ""))
    if named:
        plain = named["letter"].lower() if letter.islower() else named["letter"]
        return plain, None if named["accent"] else Disguise.LOOK_ALIKES
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    if not bare.isascii() or not bare:
        return None, None
    canonical = unicodedata.normalize("NFD", letter) != letter
    return bare, Disguise.LOOK_ALIKES if bare.isalnum() and not canonical else None


_TYPOGRAPHY: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
"""Sign → what stands for it; none of them stands for another."""


def typed(text: str) -> str:
    """Return the text as typewriters write it. Searches for signs that are seldom there cost less than a look at every letter."""
    if not text.isascii():
        for sign, plainer in _TYPOGRAPHY.items():
            text = text.replace(sign, plainer)
    return text


_TABLE: Final = {ord(other): letter for letter, others in LOOK_ALIKES.items() for other in others}
_WITHOUT_MARKS: Final = _TABLE | dict.fromkeys(range(0x300, 0x370))


def latin(word: str) -> str:
    """Return a word that mixes Latin with look-alikes of it in Latin; a wholly foreign word stays as it is."""
    if word.isascii() or not any("a" <= letter <= "z" for letter in word):
        return word
    return word.translate(_TABLE)


def look_alikes(text: str) -> Iterator[Edit]:
    """Yield what makes Latin of look-alikes from other scripts: in words that mix them with Latin, and in words of nothing else.

    The latter only where most words are Latin, and none is truly of another script: else it is what it seems to be.
    """
    if text.isascii():
        return
    words = list(_NOT_ASCII_WORD.finditer(text))
    foreign = [found for found in words if not _has_latin(found[0])]
    may_be_latin = any(_is_all_alike(found[0]) for found in foreign) and _is_latin_text(text, foreign)
    for found in words:
        if _has_latin(found[0]) or (may_be_latin and _is_all_alike(found[0])):
            plain = found[0].translate(_WITHOUT_MARKS)
            if plain != found[0]:
                yield Edit(*found.span(), plain, Disguise.LOOK_ALIKES)


def _is_latin_text(text: str, foreign: Sequence[re.Match[str]]) -> bool:
    if any(found[0].isalpha() and not _is_all_alike(found[0]) for found in foreign):
        return False
    return len(foreign) <= _latin_words(text)


def _latin_words(text: str) -> int:
    return sum(1 for word in text.split() if _has_latin(word))


def _has_latin(word: str) -> bool:
    return any("a" <= letter <= "z" or "A" <= letter <= "Z" for letter in word)


def _is_all_alike(word: str) -> bool:
    return all(ord(letter) in _TABLE for letter in word)
