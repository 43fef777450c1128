"""English among words of another language."""

import re
from typing import Final

from streams.scorers.disguises.known import words
from streams.scorers.disguises.reading import undisguised

_RUN: Final = 4
"""English words in a row that are English, and not what another language has too ("man till slut" is Swedish for "one at last")."""
_SURELY: Final = frozenset("you your yourself youre this that these those they their the what who why should would".split())
"""No other language that is written much has these: beside one of them one word is enough."""
_WORD: Final = re.compile(r"([^\W\d_]+)(?:['’][^\W\d_]{1,2}\b)?")
"""A word, without what is left of *not*, *is* or *will* behind it."""
_BEYOND: Final = re.compile(r"[\u0370-\u1dff\u2c80-\ua6ff\ua840-\uab2f\uabc0-\ud7ff\uf900-\ufaff]")
"""Letters of other scripts: where such a language is written, two Latin words in a row are no words of it."""


def english_in(text: str) -> str:
    """Return the English words of a text of another language: runs of them, each once, without their disguises. Linear in its length."""
    known, runs, run = words().usual, dict[str, None](), list[str]()
    text = undisguised(text).lower()
    least = 2 if _BEYOND.search(text) else _RUN
    for word in (*_WORD.findall(text), ""):
        if word in known:
            run.append(word)
            continue
        if len(run) >= least or (len(run) > 1 and not _SURELY.isdisjoint(run)):
            runs[" ".join(run)] = None
        run = []
    return ". ".join(runs)
