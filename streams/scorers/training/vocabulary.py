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

from streams.scorers import Scorer
from streams.scorers.disguises import normalised
from streams.scorers.training.datasets import Row

_MIN_ROWS: Final = 12
_MIN_SETS: Final = 2
"""A word of one set alone may be a name, or how that set was made."""
_TELLS: Final = 0.8
"""Score of a word by itself from which it is one that people hide."""
_TEMPLATES: Final = "bias_madlibs"
_STRETCHED: Final = re.compile(r"(.)\1\1")
_WORD: Final = re.compile(r"(?<![\w@'])[a-z]{2,24}(?![\w@])")


def vocabulary(learn: Mapping[str, Sequence[Row]], scorer: Scorer) -> str:
    """Return a line per word: the word, its rows in eighths of a doubling, and ``!`` where the scorer flags it by itself."""
    sets, rows = defaultdict(set), Counter[str]()
    for name, each in learn.items():
        for row in each if name != _TEMPLATES else ():
            words = set(_WORD.findall(normalised(row.text)))
            rows.update(words)
            for word in words:
                sets[word].add(name)
    kept = sorted(word for word, n in rows.items() if n >= _MIN_ROWS and len(sets[word]) >= _MIN_SETS and not _STRETCHED.search(word))
    tells = [found.toxicity >= _TELLS for found in scorer.score(kept)]
    return "".join(f"{word} {round(8 * math.log2(rows[word]))}{'!' * told}\n" for word, told in zip(kept, tells, strict=True))


def write(learn: Mapping[str, Sequence[Row]], scorer: Scorer, path: Path) -> None:
    """Write the words. The same rows and scorer give the same bytes."""
    path.write_bytes(gzip.compress(vocabulary(learn, scorer).encode(), mtime=0))
