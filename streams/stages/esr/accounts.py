"""Who was on the site before today: a list that is written down daily, with a version, never made live across partitions.

A Bloom filter over keyed hashes (``stages.pseudonyms``): nobody can be read out of it. A false "known" only takes a bet away. A list is
good for its day and the next; without one that is fresh nobody is new, and the newcomers' clock stands still.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from streams.errors import UserError

NAME: Final = "known accounts"
BITS_EACH: Final = 10
"""A stranger is taken for known in one of a hundred."""
MOST_BYTES: Final = 300_000
"""It must fit a message. 240,000 accounts at ten bits; with more, more strangers are taken for known."""
_HASHES: Final = 7
_FRESH_DAYS: Final = 1
_HALF: Final = (1 << 32) - 1


class Known(Struct, frozen=True, gc=False):
    """The accounts that were on the site before a day (days since 1970, UTC)."""

    day: int
    bits: bytes

    def holds(self, author: int) -> bool:
        """Return whether an account, by its keyed hash, is on the list; a stranger is in one of a hundred cases."""
        bits = self.bits
        return all(bits[place >> 3] >> (place & 7) & 1 for place in _places(author, len(bits) * 8))

    def is_fresh(self, day: int) -> bool:
        """Return whether it tells who is new on this day."""
        return self.day <= day <= self.day + _FRESH_DAYS


def listed(authors: Iterable[int], day: int) -> Known:
    """Return the list of these accounts, for this day."""
    every = set(authors)
    bits = bytearray(min(MOST_BYTES, max(8, len(every) * BITS_EACH // 8)))
    for author in every:
        for place in _places(author, len(bits) * 8):
            bits[place >> 3] |= 1 << (place & 7)
    return Known(day, bytes(bits))


def as_values(known: Known) -> dict[str, float | int | str | bool]:
    """Return it as the values of a record."""
    return {"day": known.day, "bits": base64.b64encode(known.bits).decode()}


def known_of(name: str, version: int, values: Mapping[str, Any]) -> Known:
    """Return the list that a record holds. UserError with its name where it is none."""
    try:
        day, bits = values["day"], base64.b64decode(values["bits"], validate=True)
        if type(day) is not int or not bits or values.keys() != {"day", "bits"}:
            raise ValueError("it needs day, a whole number, and bits, not empty, and nothing else")
        return Known(day, bits)
    except (KeyError, ValueError, TypeError, binascii.Error) as error:
        told = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UserError(
            f"config, record {name!r}, version {version}: {told}; write it anew with threadwatch calibrate --accounts"
        ) from error


def _places(author: int, bits: int) -> list[int]:
    first, step = author >> 32, author & _HALF | 1
    return [(first + number * step) % bits for number in range(_HASHES)]
