"""Which pieces of words the student knows: the most usual of the base's 30,522, and every letter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from streams.scorers.compact_network import tokenizer

PIECES: Final = 17_000
_MARKS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_AT_ONCE: Final = 5_000


def kept(vocabulary: Sequence[str], texts: Iterable[str], pieces: int = PIECES) -> list[int]:
    """Return the numbers of the pieces to keep, in the base's order: marks, single signs, and the most usual in ``texts``."""
    counts = _counts(tokenizer(vocabulary), list(texts))
    always = {number for number, piece in enumerate(vocabulary) if piece in _MARKS or _is_sign(piece)}
    usual = [number for number, _ in sorted(counts.items(), key=lambda found: (-found[1], found[0])) if number not in always]
    rest = [number for number in range(len(vocabulary)) if number not in always and number not in counts]
    return sorted([*always, *usual, *(number for number in rest if not vocabulary[number].startswith("["))][:pieces])


def _is_sign(piece: str) -> bool:
    return len(piece.removeprefix("##")) == 1 and piece.isascii()


def _counts(made: Any, texts: Sequence[str]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for start in range(0, len(texts), _AT_ONCE):
        for encoded in made.encode_batch(texts[start : start + _AT_ONCE]):
            counts.update(encoded.ids)
    return counts
