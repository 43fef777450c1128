"""One word without its disguise: leetspeak, masked letters, stretched letters. Known words decide where it could be read in two ways."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import filterfalse, product
from typing import Final

from streams.scorers.disguises.known import MASK, words
from streams.scorers.disguises.traced import Disguise, Edit

_TOKEN: Final = re.compile(r"\S+")
_CORE: Final = re.compile(r"[A-Za-z0-9@$!|€£+*#_\-.?%&^]+")
_LINK: Final = re.compile(r"#\w|\S*?(?:://|www\.|\w@\w+\.\w)", re.IGNORECASE)
_BEFORE: Final = ".?*_~#-^%&"
_BEHIND: Final = ".!?_~^#%&-"
_LEET: Final = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "li", "€": "e", "£": "l", "+": "t",
}  # fmt: skip
"""Sign → the letters that it can be, the likeliest first."""
_LEET_SIGN: Final = re.compile(r"[0-9@$!|€£+]")
_INSIDE: Final = re.compile(r"(?<=[a-z])[0134578@$€]{1,6}(?=[a-z])|(?<=[a-z])\${2}$|^[@$](?=[a-z]{2})")
_MODEL: Final = re.compile(r"[a-z]{2,}[0-9]{1,2}")
_USUAL: Final = 40
"""A name with a number, co2 or win95, is a word in disguise only if that tells, or is not rare."""
_CLEARLY: Final = 16
"""Eighths of a doubling."""
_BY_PLACE: Final = re.compile(r"(?=[^a-z]*+[a-z][^a-z]*+[a-z])[a-z0-9@$€]{3,16}")
_ORDINAL: Final = re.compile(r"\d*(?:1st|2nd|3rd|\dth)$|\d+(?:s|am|pm|k|m|bn|px|em|mm|cm|km|kg|mg|ml|gb|mb|mph|x|xx)?$", re.IGNORECASE)
_MASK: Final = re.compile(r"(?<=[a-z])(?:[*#_\-.?%&^+@$!|]+(?=[a-z])|\*{2,}$)")
_IS_MASK: Final = frozenset("*#_-.?%&^+@$!|")
_STARS: Final = frozenset("*#")
_HIDES: Final = frozenset("*#-_.")
_RUN: Final = re.compile(r"([a-z])\1{2,}")
_THRICE: Final = re.compile(r"([a-z])\1\1")
_NUMERAL: Final = re.compile(r"[ivxlcdm]+|w+")
_KEPT_DOUBLE: Final = frozenset("sglz")
_MOST_READINGS: Final = 64
_MIN_LETTERS: Final = 3
MAX_REMEMBERED: Final = 40
"""Letters of a word whose plain form is remembered."""
_SIGN_AT_LETTER: Final = re.compile(
    r"[0-9@$!|€£+*#_\-.?%&^~/](?:[A-Za-z]|(?<=@)[0-9@$!|€£+*#_\-.?%&^]|(?<=[A-Za-z.!?_~^#%&\-][0-9@$|€£+*]))"
)
"""A sign before a letter, or one that is not stripped behind a letter; or an @name of signs."""

Found = tuple[str, Disguise] | None


def plain_words(text: str) -> Iterator[Edit]:
    """Yield what undoes the disguise of single words."""
    hidden = {token: edits for token in suspects(text) if (edits := token_edits(token))}
    for token in _TOKEN.finditer(text) if hidden else ():
        for start, end, new, disguise in hidden.get(token[0], ()):
            yield Edit(token.start() + start, token.start() + end, new, disguise)


def suspects(text: str) -> list[str]:
    """Return the words of a text that may be in disguise: of most texts none, and that costs two searches.

    In one that is, and is stripped of signs round it, a sign stands before a letter or ends it, or a letter stands three times.
    """
    if _THRICE.search(text.lower()):
        return [word for word in text.split() if _SIGN_AT_LETTER.search(word) or _THRICE.search(word.lower())]
    if _SIGN_AT_LETTER.search(text):
        return list(filter(_SIGN_AT_LETTER.search, filterfalse(str.isalpha, text.split())))
    return []


def token_edits(token: str) -> tuple[Edit, ...]:
    """Return what undoes the disguises of a text without spaces."""
    return _remembered(token) if len(token) <= MAX_REMEMBERED else _edits(token)


def _edits(token: str) -> tuple[Edit, ...]:
    if token.isalpha():
        found = _squeezed(token.lower()) if token.isascii() else None
        return (Edit(0, len(token), *found),) if found else ()
    return () if _LINK.match(token) else tuple(_core_edits(token))


_remembered: Final = lru_cache(maxsize=1 << 15)(_edits)
"""The same words come again and again."""


def _core_edits(token: str) -> Iterator[Edit]:
    for found in _CORE.finditer(token):
        start, end = found.span()
        core = found[0].lstrip(_BEFORE)
        start = end - len(core)
        core = core.rstrip(_BEHIND + "*" if start > found.start() else _BEHIND)
        undone = (_named if core.startswith("@") else _undone)(core.lower())
        if undone:
            yield Edit(start, start + len(core), *undone)


def _named(core: str) -> Found:
    """Return the word that an @name is, if it is a far more usual one with a letter for the sign than without: ``@ss``, not ``@user``."""
    found = _leet(core) if len(core) >= _MIN_LETTERS else None
    return found if found and words().weight(found[0]) > words().weight(core[1:]) + _CLEARLY else None


def _undone(core: str) -> Found:
    """Return what a word without its signs is, and how it was hidden; None where nothing is."""
    if core.isalpha():
        return _squeezed(core)
    if len(core) < _MIN_LETTERS or _ORDINAL.match(core) or not any(map(str.isalpha, core)) or len(core) > MAX_REMEMBERED:
        return None
    return _leet(core) or _masked(core) or _leet_by_place(core)


def _leet(core: str) -> Found:
    """Return the likeliest word that it is with letters for signs."""
    if not _LEET_SIGN.search(core) or any(not letter.isalpha() and letter not in _LEET for letter in core):
        return None
    options = [_LEET.get(letter, letter) for letter in core]
    if 2 ** sum(len(each) > 1 for each in options) > _MOST_READINGS:  # no sign has more than two letters
        return None
    readings = ["".join(letters) for letters in product(*options)]
    if _MODEL.fullmatch(core):
        readings = [word for word in readings if words().weight(word) >= _USUAL]
    best = max(readings, key=words().weight, default=core)
    if words().weight(best) < 0:
        squeezed = [found[0] for found in map(_squeezed, readings) if found]
        best = max(squeezed, key=words().weight, default=best)
    return (best, Disguise.LEETSPEAK) if words().weight(best) >= 0 else None


def _masked(core: str) -> Found:
    """Return the likeliest of the telling words that fit round the signs, which stand inside, or are stars at the end."""
    if not _MASK.search(core):
        return None
    signs = [letter for letter in core if letter in _IS_MASK and letter not in _LEET]
    pattern = tuple(MASK if letter in _IS_MASK else _LEET.get(letter, letter)[0] for letter in core)
    word = words().masked(pattern)
    if not word or word in words().tells:
        return (word, Disguise.MASKED) if word else None
    # A hyphen between two words joins them; stars and the like, and a hyphen in half a word, hide a letter.
    joins = len(set(signs)) != 1 or signs[0] not in _HIDES or (signs[0] not in _STARS and _is_of_words(core, signs[0]))
    return None if joins else (word, Disguise.MASKED)


def _is_of_words(core: str, sign: str) -> bool:
    return all(part in words().usual for part in core.split(sign) if part)


def _leet_by_place(core: str) -> Found:
    """Return a word that nobody knows, with letters for the signs among its letters."""
    if not _BY_PLACE.fullmatch(core):
        return None
    plain = _INSIDE.sub(lambda sign: "".join(_LEET[letter][0] for letter in sign[0]), core)
    return (plain, Disguise.LEETSPEAK) if plain != core else None


def _squeezed(word: str) -> Found:
    """Return a word without letters that stand three times or more; twice or once, as words are known."""
    if not _RUN.search(word) or word in words().usual or _NUMERAL.fullmatch(word):
        return None
    runs = list(_RUN.finditer(word))
    usual = _RUN.sub(lambda run: run[1] * (2 if run[1] in _KEPT_DOUBLE else 1), word)
    if 2 ** len(runs) > _MOST_READINGS or (words().weight(usual) >= 0 and any(run[1] in _KEPT_DOUBLE for run in runs)):
        return usual, Disguise.STRETCHED
    readings = [_with_runs(word, runs, times) for times in product((1, 2), repeat=len(runs))]
    best = max(readings, key=words().weight)
    return (best if words().weight(best) >= 0 else usual), Disguise.STRETCHED


def _with_runs(word: str, runs: list[re.Match[str]], times: tuple[int, ...]) -> str:
    parts: list[str] = []
    at = 0
    for run, count in zip(runs, times, strict=True):
        parts += word[at : run.start()], run[1] * count
        at = run.end()
    return "".join([*parts, word[at:]])
