"""The words that there are: how usual each is, and which tell. From the training texts (``training/vocabulary.py``)."""

import gzip
import math
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

WORDS: Final = Path(__file__).parents[1] / "weights" / "words.txt.gz"
MASK: Final = None
"""Stands for a letter of which nothing is known."""
_TELLING_COUNTS: Final = 80
"""Eighths of a doubling that a word gains by telling, where a disguise could be two words: few hide a harmless one."""
_COMMONEST: Final = 160.0
_UNKNOWN: Final = 150.0
_UNKNOWN_LETTER: Final = 15.0
"""Costs of a word in eighths of a doubling: the rarer, the dearer; one that nobody knows by its length."""
_LONGEST: Final = 16
_MIN_MASKED: Final = 4
"""Letters of a word that can be masked though it tells nothing."""

Pattern = tuple[str | None, ...]


class Words(Struct, frozen=True):
    """``usual`` has each word's rows in eighths of a doubling.

    ``fitting`` has the words by length, first letter and last letter, and by length and first letter alone (no last), the likeliest first.
    """

    usual: Mapping[str, int]
    tells: frozenset[str]
    fitting: Mapping[tuple[int, str, str], tuple[str, ...]]

    def weight(self, word: str) -> int:
        """Return how likely it is that a disguise hides this word; -1 for none that is known."""
        known = self.usual.get(word, -1)
        return known + _TELLING_COUNTS if word in self.tells else known

    def masked(self, pattern: Pattern) -> str | None:
        """Return the likeliest word that fits: of its length, with these letters in these places. A short one must tell."""
        for word in self.fitting.get((len(pattern), pattern[0] or "", pattern[-1] or ""), ()):
            if all(letter is MASK or letter == there for letter, there in zip(pattern, word, strict=True)):
                return word
        return None

    def split(self, letters: str) -> list[str]:
        """Return the likeliest words that these letters are, put together without spaces. Linear in their number."""
        costs, starts = [0.0], [0]
        unknown, began = math.inf, 0  # the cheapest way to be inside a word that nobody knows, and where that began
        for end in range(1, len(letters) + 1):
            if costs[end - 1] + _UNKNOWN < unknown:
                unknown, began = costs[end - 1] + _UNKNOWN, end - 1
            unknown += _UNKNOWN_LETTER
            cost, start = unknown, began
            for begin in range(max(0, end - _LONGEST), end):
                known = self.usual.get(letters[begin:end])
                if known is not None and costs[begin] + _COMMONEST - known < cost:
                    cost, start = costs[begin] + _COMMONEST - known, begin
            costs.append(cost)
            starts.append(start)
        return _cut(letters, starts)


def _cut(letters: str, starts: list[int]) -> list[str]:
    words, end = [], len(letters)
    while end:
        words.append(letters[starts[end] : end])
        end = starts[end]
    return words[::-1]


@cache
def words() -> Words:
    """Return the words of the package."""
    usual: dict[str, int] = {"a": 110, "i": 110}
    tells = set()
    for line in gzip.decompress(WORDS.read_bytes()).decode().splitlines():
        word, told = line.split(" ")
        usual[word] = int(told.removesuffix("!"))
        if told.endswith("!"):
            tells.add(word)
    found = Words(usual, frozenset(tells), {})
    fitting = defaultdict(list)
    for word in sorted(usual, key=lambda each: (-found.weight(each), each)):
        if len(word) >= _MIN_MASKED or word in tells:
            for last in (word[-1], ""):
                fitting[len(word), word[0], last].append(word)
    return Words(usual, frozenset(tells), {key: tuple(each) for key, each in fitting.items()})
