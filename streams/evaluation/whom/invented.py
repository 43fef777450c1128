"""Invented replies by phrasing: ``learned_from`` teaches, the other folders decide, and no phrasing is in two of them.

``held_out`` was frozen before the model, but seen while it was made: its word lists were chosen with these texts in view. ``reviewed`` a
reviewer wrote afterwards; whoever mended the model had seen it. ``fresh`` was written when that was done, and measured once; before
``whom@3`` it was read. ``unseen`` was committed before ``whom@3`` was tuned.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

HERE: Final = Path(__file__).parent
LEARNED_FROM: Final = HERE / "learned_from"
HELD_OUT: Final = HERE / "held_out"
REVIEWED: Final = HERE / "reviewed"
FRESH: Final = HERE / "fresh"
UNSEEN: Final = HERE / "unseen"
HARMLESS: Final = ("supporters", "friends", "counter_speech", "arguments", "agreement", "reclaimed")
TWINS: Final = ("supporters_twins", "friends_twins", "arguments_twins", "agreement_twins")
TAUGHT: Final = (*HARMLESS, *TWINS, "civil", "contempt_twins")
_NAMES: Final = ("Ann", "Priya", "Tomasz", "Leila", "Marek")
"""Nobody."""
_EITHER: Final = re.compile(r"\[([^\[\]]+)\]")


class Phrasing(Struct, frozen=True):
    """One way to say it, with slots; ``[this|that]`` is said one way or the other."""

    kind: str
    pattern: str

    @property
    def hostile(self) -> bool:
        """Return whether it is hostile to the person answered."""
        return self.kind.endswith("_twins")


def phrasings(folder: Path, kind: str) -> list[Phrasing]:
    """Return a kind's phrasings, in order."""
    return [Phrasing(kind, line.replace("\\n", "\n")) for line in _lines(folder / f"{kind}.txt")]


def kinds(folder: Path) -> tuple[str, ...]:
    """Return the kinds that a folder that decides has phrasings of, the harmless ones first."""
    return tuple(kind for kind in (*HARMLESS, *TWINS) if (folder / f"{kind}.txt").is_file())


def said(folder: Path, phrasing: Phrasing, times: int) -> Iterator[str]:
    """Yield what so many people write by one phrasing, each with other insults; as often the same as there is nothing to fill in."""
    insults, hurled = _fillings(folder)
    for n in range(times):
        insult = insults[n % len(insults)]
        filled = _varied(phrasing.pattern, n).replace("{said}", hurled[n % len(hurled)]).replace("{insult}", insult)
        yield filled.replace("{name}", _NAMES[n % len(_NAMES)])


def _varied(pattern: str, n: int) -> str:
    """Return the pattern as the n-th person says it."""
    return _EITHER.sub(lambda found: _one_of(found[1].split("|"), f"{n} {found.start()}"), pattern)


def _one_of(ways: list[str], by: str) -> str:
    return ways[sha256(by.encode()).digest()[0] % len(ways)]


def _fillings(folder: Path) -> tuple[list[str], list[str]]:
    lines = _lines(folder / "insults.txt")
    here = lines.index("[said]")
    return lines[1:here], lines[here + 1 :]


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
