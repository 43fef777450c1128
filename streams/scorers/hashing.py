"""Hashed n-grams of many texts at once: character 2- to 5-grams within words, and words and pairs of words.

Polynomial hashes roll over one array of code points, so that the work per n-gram is a handful of NumPy operations
shared by the whole batch. What a text gets never depends on its neighbours: windows do not cross a space, texts are
joined by one, and every count belongs to one text alone.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

CHAR_BITS: Final = 18
WORD_BITS: Final = 17
CHAR_GRAMS: Final = range(2, 6)
BUCKETS: Final = (1 << CHAR_BITS) + (1 << WORD_BITS)
"""Character buckets first, word buckets after them."""

_SPACE: Final = 32
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_FINISH: Final = np.uint64(0xD6E8FEB86659FD93)
_PAIR: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_LONGEST: Final = 512
"""Places in a word after which the powers of the word hash come round again: still a hash, only a little weaker."""


class Counts(Struct, frozen=True):
    """How often a bucket occurs in a text: one entry per text and bucket, ordered by both."""

    text: NDArray[np.int64]
    bucket: NDArray[np.int64]
    count: NDArray[np.int64]


def _powers() -> NDArray[np.uint64]:
    powers = np.empty(_LONGEST, dtype=np.uint64)
    power = 1
    for place in range(_LONGEST):
        power = power * int(_BASE) & 0xFFFFFFFFFFFFFFFF
        powers[place] = power
    return powers


def _word_letters() -> NDArray[np.bool_]:
    """Return which code points make words: letters, digits, symbols; the last entry stands for all beyond (CJK, emoji)."""
    table = np.array([chr(point).isalnum() for point in range(0x3001)])
    table[0x2190:0x2C00] = True
    table[-1] = True
    return table


_POWERS: Final = _powers()
_WORD_LETTERS: Final = _word_letters()


def counted(texts: Sequence[str]) -> tuple[Counts, Counts]:
    """Return the character and the word n-grams of each text, counted per bucket.

    The texts must be normalised: lower case, single spaces, none at the ends (``disguises.normalised``).
    """
    points, owner = _joined(texts)
    if len(points) < 3:
        nothing = np.empty(0, dtype=np.int64)
        return Counts(nothing, nothing, nothing), Counts(nothing, nothing, nothing)
    return _grouped(*_characters(points, owner), CHAR_BITS), _grouped(*_words(points, owner), WORD_BITS)


def _joined(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the code points of all texts, a space before, between and after, and whose each is.

    A space is its preceding text's: so the second place of any window tells whose the window is.
    """
    joined = " " + " ".join(texts) + " "
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    return points, np.concatenate((np.zeros(1, dtype=np.int64), owner))


def _characters(points: NDArray[np.uint32], owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return owner and hash of every window of 2 to 5 places that has no space inside (at its ends it may)."""
    wide = points.astype(np.uint64) + np.uint64(1)
    letter = points != _SPACE
    # At every place at once, and chosen after: slices that lie side by side cost a third of what picking each place costs.
    hashes, holds = wide[:-1] * _BASE + wide[1:], letter[:-1] | letter[1:]
    owners, found = [owner[1:][holds]], [hashes[holds] + np.uint64(2)]
    for length in CHAR_GRAMS[1:]:
        holds = holds[:-1] & letter[length - 2 : -1]
        hashes = hashes[:-1] * _BASE + wide[length - 1 :]
        owners.append(owner[1 : len(holds) + 1][holds])
        found.append(hashes[holds] + np.uint64(length))
    return np.concatenate(owners), np.concatenate(found)


def _words(points: NDArray[np.uint32], owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return owner and hash of every word, and of every two words that follow each other in one text."""
    letter = _WORD_LETTERS[np.minimum(points, len(_WORD_LETTERS) - 1)]
    change = np.flatnonzero(letter[1:] != letter[:-1]) + 1
    # The first and the last place are spaces, so changes come in pairs: a word's start, and the place after its end.
    starts, ends = change[0::2], change[1::2]
    if not len(starts):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    lengths = ends - starts
    inside = np.flatnonzero(letter)
    first = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(lengths)[:-1]))
    place = (inside - np.repeat(starts, lengths)) % _LONGEST
    words = np.add.reduceat((points[inside].astype(np.uint64) + np.uint64(1)) * _POWERS[place], first)
    whose = owner[starts]
    together = whose[1:] == whose[:-1]
    pairs = (words[:-1] * _PAIR + words[1:])[together]
    return np.concatenate((whose, whose[1:][together])), np.concatenate((words, pairs))


def _grouped(owners: NDArray[np.int64], hashes: NDArray[np.uint64], bits: int) -> Counts:
    mixed = (hashes ^ (hashes >> np.uint64(32))) * _FINISH
    buckets = (mixed >> np.uint64(64 - bits)).astype(np.int64)
    keys = (owners << bits) | buckets
    keys.sort()
    first = np.flatnonzero(np.concatenate((np.ones(1, dtype=np.bool_), keys[1:] != keys[:-1]))) if len(keys) else keys
    count = np.diff(np.append(first, len(keys)))
    unique = keys[first]
    return Counts(unique >> bits, unique & ((1 << bits) - 1), count)
