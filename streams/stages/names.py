"""What a name comes to when people type it: letters and digits, parts that can stand for it, consonants where it is misspelt."""

import unicodedata
from functools import lru_cache
from typing import Final

from streams.scorers.disguises import latin
from streams.stages.lexicon import STOPWORDS
from streams.stages.quotes import WORD

MAX_NAME_WORDS: Final = 6
MAX_NAME: Final = 128
MIN_NAME_PART: Final = 3


@lru_cache(maxsize=1 << 16)
def folded(word: str) -> str:
    """Return letters and digits only, compatibility forms and case gone: ``Ｊosé_`` and ``josé`` are one.

    So are ``Anna`` and ``Annа``, whose last letter is Cyrillic: who hides a name from a reader's search means that person all the same.
    """
    if word.isascii():
        plain = word.lower()
        return plain if plain.isalnum() else "".join(letter for letter in plain if letter.isalnum())
    word = unicodedata.normalize("NFKC", word)
    return latin("".join(letter for letter in word.casefold() if letter.isalnum()))


def name_keys(name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a name as one folded word, its parts that can stand for it, and the consonants of each (for misspellings)."""
    parts = [folded(part) for part in WORD.findall(name[:MAX_NAME].replace("'", ""))[:MAX_NAME_WORDS]]
    whole = folded(name[:MAX_NAME])
    alone = tuple(sorted({part for part in parts if len(part) >= MIN_NAME_PART and part not in STOPWORDS and part != whole}))
    return whole, alone, tuple(sorted({skeleton(part) for part in parts} - {""}))


def skeleton(word: str) -> str:
    """Return a word's consonants, doubled ones once, an ``s`` at the end dropped; empty if there are fewer than four."""
    kept = ""
    for letter in word:
        if letter not in "aeiouyh" and not kept.endswith(letter):
            kept += letter
    kept = kept.removesuffix("s")
    return kept if len(kept) >= 4 else ""
