"""Phrasings put together from parts, to learn from: the same telling of an insult, by who stands by somebody and by who turns on them."""

from collections.abc import Iterator, Sequence
from typing import Final

from streams.evaluation.whom.invented import LEARNED_FROM, Phrasing, lines

FILE: Final = LEARNED_FROM / "grammar.txt"
_RULES: Final = (
    ("supporters", "telling", "standing", 10),
    ("supporters", "standing", "telling", 3),
    ("supporters_twins", "telling", "turning", 6),
    ("supporters_twins", "kindly", "thrown", 5),
    ("supporters_twins", "thrown", "standing", 6),
    ("supporters_twins", "thrown", "kindly", 3),
)
"""Kind, what is said first and second, and with how many seconds each first is put together."""
_ALONE: Final = (("civil", "standing"), ("contempt_twins", "turning"))


def combined() -> Iterator[Phrasing]:
    """Yield every phrasing of the grammar, in the same order each time."""
    parts = _parts()
    for kind, first, second, each in _RULES:
        for n, begun in enumerate(parts[first]):
            for ended in _some(parts[second], n * each, each):
                yield Phrasing(kind, f"{begun} {ended}".replace("\\n", "\n"))
    for kind, part in _ALONE:
        yield from (Phrasing(kind, said) for said in parts[part])


def _some(those: Sequence[str], start: int, many: int) -> Iterator[str]:
    return (those[(start + n) % len(those)] for n in range(many))


def _parts() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines(FILE):
        if line[0] == "[" and line.endswith("]") and "|" not in line:
            part = found[line[1:-1]] = []
        else:
            part.append(line)
    return found
