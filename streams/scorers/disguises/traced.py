"""A text that is being read without its disguises, and where each of its characters stood."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Disguise(StrEnum):
    """What can be undone. A closed set, in the order in which it is undone."""

    QUOTATION = "quotation"
    """Others' words: ``>`` lines, quote tags, blockquotes."""
    MARK_UP = "mark_up"
    REVERSED = "reversed"
    """Written backwards between controls that show it forwards."""
    INVISIBLE = "invisible"
    MARKS = "marks"
    LOOK_ALIKES = "look_alikes"
    SPACING = "spacing"
    """Letters apart, by spaces or by a sign."""
    MASKED = "masked"
    LEETSPEAK = "leetspeak"
    STRETCHED = "stretched"


ORDER = tuple(Disguise)


class Edit(NamedTuple):
    """Instead of the characters from ``start`` to before ``end`` stands ``new``. Without a disguise it is typography, or an accent."""

    start: int
    end: int
    new: str
    disguise: Disguise | None


class Undone(Struct, frozen=True):
    """A text without its disguises.

    ``origin`` has the place in the original of each character, and of the end. ``disguises`` are those found, in the order of the set.
    """

    text: str
    origin: tuple[int, ...]
    disguises: tuple[Disguise, ...]

    def place(self, start: int, end: int) -> slice:
        """Return where in the original the characters from ``start`` to before ``end`` were written."""
        return slice(self.origin[start], max(self.origin[start], self.origin[end]))


class Traced:
    """The text as it is after some steps; origins are kept only where they are asked for."""

    def __init__(self, text: str, *, with_origin: bool) -> None:
        """Take the original."""
        self.text = text
        self.origin: list[int] | None = list(range(len(text) + 1)) if with_origin else None
        self._found: set[Disguise] = set()

    @property
    def disguises(self) -> tuple[Disguise, ...]:
        """Return what was undone so far, in the order of the set."""
        return tuple(each for each in ORDER if each in self._found)

    def edit(self, edits: Iterable[Edit]) -> None:
        """Apply edits, which are in order and do not overlap."""
        parts: list[str] = []
        origin: list[int] = []
        at = 0
        for start, end, new, disguise in edits:
            parts += self.text[at:start], new
            if self.origin is not None:
                origin += self.origin[at:start]
                origin += [self.origin[min(start + place, max(start, end - 1))] for place in range(len(new))]
            if disguise:
                self._found.add(disguise)
            at = end
        if not parts:
            return
        if self.origin is not None:
            self.origin = origin + self.origin[at:]
        self.text = "".join([*parts, self.text[at:]])
