"""The same texts, disguised: how much of what a scorer finds in plain text it still finds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from streams.scorers.training.datasets import Row

_LEET: Final = str.maketrans("aeiost", "4310$7")
_LOOKALIKES: Final = str.maketrans("aceiopsxy", "асеіорѕху")
_MIN_LETTERS: Final = 4


def _zero_width(word: str) -> str:
    return "\u200b".join(word)


def _leet(word: str) -> str:
    """Change letters inside: people leave the ends so that it can be read."""
    return word[0] + word[1:-1].translate(_LEET) + word[-1]


def _spelt_out(word: str) -> str:
    return " " + " ".join(word) + " "


def _look_alikes(word: str) -> str:
    return word[0] + word[1:].translate(_LOOKALIKES)


def _marks(word: str) -> str:
    return "".join(letter + "\u0335\u0321" for letter in word)


def _stretched(word: str) -> str:
    return word[:2] + word[1] * 3 + word[2:]


def _bold_inside(word: str) -> str:
    return f"{word[:2]}<b>{word[2:]}</b>"


DISGUISES: Final[Mapping[str, Callable[[str], str]]] = {
    "zero-width characters": _zero_width,
    "leetspeak": _leet,
    "letters spelt out": _spelt_out,
    "look-alike letters": _look_alikes,
    "combining marks": _marks,
    "stretched letters": _stretched,
    "tags inside words": _bold_inside,
}


def disguised(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows once per disguise, put on every word of four letters or more."""
    return {
        name: [Row(" ".join(_worn(disguise, row.text)), row.target, row.weight, row.group) for row in rows]
        for name, disguise in DISGUISES.items()
    }


def _worn(disguise: Callable[[str], str], text: str) -> Iterable[str]:
    return (disguise(word) if word.isalpha() and word.isascii() and len(word) >= _MIN_LETTERS else word for word in text.split())
