"""Features: words that two messages share, the rarer here the more."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from streams.stages.ranking.seen import UNIT, Columns, Seen
from streams.stages.ranking.turn import LOOK_BACK

_RARITY: Final = (0, *(round(UNIT * math.log(LOOK_BACK / n)) for n in range(1, LOOK_BACK + 1)))
"""By how many of the messages looked back at have a word."""
_MAX_SHARED: Final = 30 * UNIT


def words(seen: Seen) -> Columns:
    """Words shared with it, with what its author says, with what this author said."""
    said = [frozenset(one.words) for one in seen.earlier]
    times = Counter(word for words in said for word in words)
    now = frozenset(seen.turn.words)
    shared = [now & words for words in said]
    mine = frozenset().union(*[words for words, own in zip(said, seen.mine.tolist(), strict=True) if own][:3])
    theirs: dict[int, set[int]] = {}
    for author, words in zip(seen.author.tolist(), said, strict=True):
        theirs.setdefault(author, set()).update(words)
    by_author = {author: _rare(now & words, times) for author, words in theirs.items()}
    return {
        "words shared": np.array([_rare(words, times) for words in shared], np.int64),
        "words shared, count": np.array([len(words) * UNIT // 4 for words in shared], np.int64),
        "words shared, part": np.array(
            [len(both) * UNIT // (1 + len(now | words)) for both, words in zip(shared, said, strict=True)], np.int64
        ),
        "words shared with mine": np.array(
            [0 if own else _rare(mine & words, times) for words, own in zip(said, seen.mine.tolist(), strict=True)], np.int64
        ),
        "words shared with theirs": np.array([by_author[author] for author in seen.author.tolist()], np.int64),
    }


def _rare(words: Iterable[int], times: Mapping[int, int]) -> int:
    """Return how rare these words are here, summed: in tenths of a sixteenth's unit."""
    return min(sum(_RARITY[times[word]] for word in words), _MAX_SHARED) // 10
