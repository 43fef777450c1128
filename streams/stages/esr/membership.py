"""Who has answered this person lately, and which comments were seen: a set that forgets by whole days and stays small.

Two generations of one day each: what is in either is known. A generation is a sorted array of 32-bit marks, exact but for one in
200,000 or so; past 4,000 marks it becomes a Bloom filter of 16 kB. A mark is 31 bits of a keyed BLAKE2b (stages.pseudonyms), and
one that says whether this author has been hostile. A false "known" drops a reply: it can only lower the number of alarms.
"""

from array import array
from bisect import bisect_left
from enum import IntEnum
from typing import Final

MAX_EXACT: Final = 4_000
"""Marks in a sorted array: 16 kB."""
BLOOM_BYTES: Final = 16_384
_BITS: Final = BLOOM_BYTES * 8
_HASHES: Final = 7
_MASK: Final = (1 << 31) - 1
_MIX: Final = 0x9E3779B97F4A7C15
_IS_LITTLE: Final = array("I", [1]).tobytes()[0] == 1
"""Whether this machine has the least byte of a number first, as marks are written."""


class Seen(IntEnum):
    """What a reply is to the tests."""

    DUPLICATE = 0
    """This comment was seen."""
    KNOWN = 1
    """Its author was hostile already: nothing new."""
    FIRST = 2
    """The author's first reply lately."""
    LATER = 3
    """Another reply of an author who was not hostile so far."""


class Generation:
    """The marks of one day."""

    __slots__ = ("bloom", "marks")

    def __init__(self, packed: bytes = b"") -> None:
        """Read what ``packed`` wrote; nothing is the empty set. Exactly 16,384 bytes are a filter: no sorted array grows so long."""
        self.bloom: bytearray | None = bytearray(packed) if len(packed) == BLOOM_BYTES else None
        self.marks = array("I") if self.bloom is not None else _little(array("I", packed))

    def packed(self) -> bytes:
        """Return the marks as bytes, the same on every machine."""
        return bytes(self.bloom) if self.bloom is not None else _little(self.marks).tobytes()

    def __contains__(self, mark: int) -> bool:
        if self.bloom is not None:
            return all(self.bloom[bit >> 3] >> (bit & 7) & 1 for bit in _bits(mark))
        place = bisect_left(self.marks, mark)
        return place < len(self.marks) and self.marks[place] == mark

    def of_author(self, calm: int) -> tuple[bool, bool]:
        """Return whether an author's two marks are in: of one who came, and of one who was hostile. They are neighbours."""
        if self.bloom is not None:
            return calm in self, calm | 1 in self
        place = bisect_left(self.marks, calm)
        came = place < len(self.marks) and self.marks[place] == calm
        after = place + came
        return came, after < len(self.marks) and self.marks[after] == calm | 1

    def add(self, mark: int) -> None:
        """Put a mark in."""
        if self.bloom is None and len(self.marks) >= MAX_EXACT:
            self._bloomed()
        if self.bloom is not None:
            for bit in _bits(mark):
                self.bloom[bit >> 3] |= 1 << (bit & 7)
            return
        place = bisect_left(self.marks, mark)
        if place == len(self.marks) or self.marks[place] != mark:
            self.marks.insert(place, mark)

    @property
    def false_rate(self) -> float:
        """Return how often a stranger is taken for known."""
        if self.bloom is None:
            return len(self.marks) / 2.0**31
        return float((int.from_bytes(self.bloom).bit_count() / _BITS) ** _HASHES)

    def _bloomed(self) -> None:
        self.bloom = bytearray(BLOOM_BYTES)
        for mark in self.marks:
            self.add(mark)
        self.marks = array("I")


class Membership:
    """Today's and yesterday's marks of one target."""

    __slots__ = ("before", "day", "now")

    def __init__(self, day: int = 0, now: Generation | None = None, before: Generation | None = None) -> None:
        """``day``: the newest day (since 1970, of the time of writing)."""
        self.day = day
        self.now = now
        self.before = before

    def take(self, day: int, author: int, comment: int, *, is_hostile: bool) -> Seen:
        """Note a reply written on this day; return what it is to the tests. One from an earlier day counts as of the newest."""
        if day > self.day:
            self.before, self.now, self.day = (self.now if day == self.day + 1 else None), None, day
        now = self.now
        if now is None:
            now = self.now = Generation()
        comment_mark, calm = (comment & _MASK) << 1 | 1, (author & _MASK) << 1
        before = self.before
        if before is not None and comment_mark in before:
            return Seen.DUPLICATE
        if now.bloom is None and len(now.marks) < MAX_EXACT - 1:
            return _taken(now.marks, before, comment_mark, calm, is_hostile)
        return _taken_by_filter(now, before, comment_mark, calm, is_hostile)

    @property
    def false_rate(self) -> float:
        """Return how often a stranger is taken for somebody known: what a metric shows as saturation."""
        return sum(each.false_rate for each in (self.now, self.before) if each is not None)


def _taken(marks: "array[int]", before: Generation | None, comment: int, calm: int, is_hostile: bool) -> Seen:
    """Take one reply into marks that have room for two more: an author's two marks are neighbours, so each is looked for once."""
    place = bisect_left(marks, comment)
    if place < len(marks) and marks[place] == comment:
        return Seen.DUPLICATE
    marks.insert(place, comment)
    place = bisect_left(marks, calm)
    is_calm = place < len(marks) and marks[place] == calm
    after = place + is_calm
    if after < len(marks) and marks[after] == calm | 1:
        return Seen.KNOWN
    was_calm, was_hostile = (False, False) if before is None else before.of_author(calm)
    if was_hostile or is_hostile:
        marks.insert(after, calm | 1)
    elif not is_calm:
        marks.insert(place, calm)
    if was_hostile:
        return Seen.KNOWN
    return Seen.LATER if is_calm or was_calm else Seen.FIRST


def _taken_by_filter(now: Generation, before: Generation | None, comment: int, calm: int, is_hostile: bool) -> Seen:
    """The same where the marks are a filter, or about to become one."""
    if comment in now:
        return Seen.DUPLICATE
    now.add(comment)
    if calm | 1 in now or (before is not None and calm | 1 in before):
        now.add(calm | 1)
        return Seen.KNOWN
    is_known = calm in now or (before is not None and calm in before)
    now.add(calm | is_hostile)
    return Seen.LATER if is_known else Seen.FIRST


def _little(marks: "array[int]") -> "array[int]":
    """Return the marks with the bytes of each turned where this machine has them the other way round than what is written."""
    if _IS_LITTLE:
        return marks
    turned = marks[:]
    turned.byteswap()
    return turned


def _bits(mark: int) -> list[int]:
    mixed = (mark * _MIX ^ mark * _MIX >> 29) & 0xFFFFFFFFFFFFFFFF
    first, step = mixed >> 32, mixed & 0xFFFFFFFF | 1
    return [(first + n * step) % _BITS for n in range(_HASHES)]
