"""Which words there are, how usual each is and which tell: what the normaliser chooses by where a disguise can be read in two ways.

From the rows that are learned from, and no others: ``python -m streams.scorers.train --words``.
"""

import gzip
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from streams.scorers.disguises import normalised
from streams.scorers.training.datasets import Row

_MIN_ROWS: Final = 12
_MIN_SETS: Final = 2
"""A word of one set alone may be a name, or how that set was made."""
_MIN_TOXIC: Final = 10
_TELLS: Final = math.e
_TEMPLATES: Final = "bias_madlibs"
_RAPPED: Final = "davidson"
"""Tweets picked by words of a lexicon, many of them lyrics: there all usual words of lyrics would tell."""
_TOXIC: Final = 0.5
_WORD: Final = re.compile(r"(?<![\w@'])[a-z]{2,24}(?![\w@])")


def vocabulary(learn: Mapping[str, Sequence[Row]]) -> str:
    """Return a line per word: the word, its rows in eighths of a doubling, and ``!`` where it tells."""
    sets, rows, judged, toxic = defaultdict(set), Counter[str](), Counter[str](), Counter[str]()
    for name, each in learn.items():
        for row in each if name != _TEMPLATES else ():
            words = set(_WORD.findall(normalised(row.text)))
            rows.update(words)
            judged.update(words if name != _RAPPED else ())
            toxic.update(words if name != _RAPPED and row.target >= _TOXIC else ())
            for word in words:
                sets[word].add(name)
    usual = sum(toxic.values()) / (sum(judged.values()) - sum(toxic.values()))
    kept = sorted(word for word, n in rows.items() if n >= _MIN_ROWS and len(sets[word]) >= _MIN_SETS)
    return "".join(f"{word} {round(8 * math.log2(rows[word]))}{'!' if _tells(toxic[word], judged[word], usual) else ''}\n" for word in kept)


def _tells(toxic: int, rows: int, usual: float) -> bool:
    return toxic >= _MIN_TOXIC and (toxic + 1) / (rows - toxic + 1) >= _TELLS * usual


def write(learn: Mapping[str, Sequence[Row]], path: Path) -> None:
    """Write the words. The same rows give the same bytes."""
    path.write_bytes(gzip.compress(vocabulary(learn).encode(), mtime=0))
