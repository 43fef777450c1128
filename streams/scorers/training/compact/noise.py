"""What people do to words so that no filter reads them, at random, for a tenth of what is learned from.

The normaliser undoes some of it before a score is given; letters left out or swapped and words run together it cannot.
"""

import random
from collections.abc import Callable
from typing import Final

_LEET: Final = str.maketrans("aeiost", "43105+")
_SHARE: Final = 0.4
"""Of the words of a text that is changed."""
_MIN_LETTERS: Final = 4


def noisy(text: str, draw: random.Random) -> str:
    """Return the text with two in five of its longer words changed, and some words run together."""
    words = [_changed(word, draw) if len(word) >= _MIN_LETTERS and draw.random() < _SHARE else word for word in text.split()]
    gap = draw.choice((" ", " ", " ", "")) if len(words) <= 8 else " "
    return gap.join(words)


def _changed(word: str, draw: random.Random) -> str:
    place = draw.randrange(1, len(word) - 1)
    return draw.choice(_CHANGES)(word, place)


def _left_out(word: str, place: int) -> str:
    return word[:place] + word[place + 1 :]


def _swapped(word: str, place: int) -> str:
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _stretched(word: str, place: int) -> str:
    return word[:place] + word[place] * 4 + word[place + 1 :]


def _masked(word: str, place: int) -> str:
    return word[:place] + "*" + word[place + 1 :]


def _leet(word: str, place: int) -> str:
    return word[:place] + word[place:].translate(_LEET)


def _separated(word: str, place: int) -> str:
    return " ".join(word) if place % 2 else ".".join(word)


def _split(word: str, place: int) -> str:
    return word[:place] + " " + word[place:]


_CHANGES: Final[tuple[Callable[[str, int], str], ...]] = (_left_out, _swapped, _stretched, _masked, _leet, _separated, _split)
