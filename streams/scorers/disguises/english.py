"""English among words of another language."""

import re
from typing import Final

from streams.scorers.disguises.known import words
from streams.scorers.disguises.reading import undisguised

_RUN: Final = 3
"""English words in a row that are English, not words that another language has too (``die``, ``was``, ``man``); two, where one tells."""
_WORD: Final = re.compile(r"[^\W\d_]+")


def english_in(text: str) -> str:
    """Return the English words of a text of another language: runs of them, without their disguises. Linear in its length."""
    known, kept, run = words(), list[str](), list[str]()
    for word in (*_WORD.findall(undisguised(text).lower()), ""):
        if word in known.usual:
            run.append(word)
            continue
        if len(run) >= _RUN or (len(run) > 1 and not known.tells.isdisjoint(run)):
            kept += run
        run = []
    return " ".join(kept)
