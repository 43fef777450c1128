"""``--grid pileon.window=30m,1h``: which settings a sweep tries, and every combination of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.settings import Settings

MOST: Final = 200
"""Combinations of one sweep: each runs every reply through detector and alerts."""
SECTIONS: Final = ("address", "pileon", "alert")
"""What a sweep may vary. Another scorer would score again: that is a run of its own."""
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_RANGE: Final = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::({_NUMBER}))?")
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_HOW: Final = (
    "write a setting and its values, such as pileon.min_hostile_authors=3..8, pileon.min_share=0.2..0.6:0.1 or pileon.window=30m,1h"
)


class Axis(Struct, frozen=True):
    """One setting and the values to try, as they were written."""

    name: str
    values: tuple[str, ...]


def axes(texts: Iterable[str], base: Settings) -> list[Axis]:
    """Return what ``--grid`` options say. Raises UserError for what is none, for a setting that there is not, for too many combinations."""
    found = [_axis(text, base) for text in texts]
    names = [axis.name for axis in found]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise UserError(f"--grid {twice[0]}: is given twice; write all its values in one")
    if not found:
        raise UserError(f"--grid: {_HOW}")
    if (count := prod(len(axis.values) for axis in found)) > MOST:
        raise UserError(f"--grid: these are {count} combinations, at most {MOST} are tried at once; take fewer values, or sweep in parts")
    return found


def _axis(text: str, base: Settings) -> Axis:
    name, sign, values = (part.strip() for part in text.partition("="))
    if not sign or not values:
        raise UserError(f"--grid {text!r}: {_HOW}")
    section, _, setting = name.partition(".")
    if section not in SECTIONS:
        raise UserError(f"--grid {text!r}: a sweep varies {', '.join(SECTIONS)}, not {section!r}")
    known = getattr(base, section).__struct_fields__
    if setting not in known:
        raise UserError(f"--grid {text!r}: there is no setting {name}; {section} has {', '.join(known)}")
    return Axis(name, tuple(dict.fromkeys(value for part in values.split(",") for value in _values(part.strip(), text))))


def _values(part: str, text: str) -> list[str]:
    """Return one value, or those of a range, both ends among them."""
    found = _RANGE.fullmatch(part)
    if found is None:
        if not part or ".." in part:
            raise UserError(f"--grid {text!r}: {part!r} is no value and no range; {_HOW}")
        return [part]
    first, last, step = Decimal(found[1]), Decimal(found[2]), Decimal(found[3] or 1)
    if step <= 0 or last < first:
        raise UserError(f"--grid {text!r}: a range goes up, by more than nothing; {_HOW}")
    if (count := int((last - first) / step) + 1) > MOST:
        raise UserError(f"--grid {text!r}: these are {count} values, at most {MOST} are tried at once")
    return [f"{first + number * step:f}" for number in range(count)]


def combinations(found: Sequence[Axis]) -> list[dict[str, str]]:
    """Return every combination: setting → value, the last setting changing fastest."""
    return [dict(zip([axis.name for axis in found], values, strict=True)) for values in product(*(axis.values for axis in found))]


def tried(base: Settings, values: Mapping[str, str]) -> Settings:
    """Return the settings with these values in them. Raises UserError that names a value that cannot be."""
    tree: dict[str, Any] = msgspec.to_builtins(base)
    for name, value in values.items():
        section, _, setting = name.partition(".")
        tree[section][setting] = _value(value, tree[section][setting])
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        said = ", ".join(f"{name}={value}" for name, value in values.items())
        raise UserError(f"--grid {said}: {error}") from error


def _value(written: str, now: Any) -> str:
    """Return a value as settings files write it: ``30m`` is ``PT30M`` where a duration stands."""
    span = _SPAN.fullmatch(written)
    if span is None or not (isinstance(now, str) and now.startswith("P")):
        return written
    return f"P{span[1]}D" if span[2] == "d" else f"PT{span[1]}{span[2].upper()}"


def hidden(base: Settings, found: Iterable[Axis]) -> list[str]:
    """Return what a grid does not reach: settings of ``pileon`` that a community has set for itself."""
    names = [axis.name.partition(".")[2] for axis in found if axis.name.startswith("pileon.")]
    return [f"communities.{community}.{name}" for community, own in sorted(base.communities.items()) for name in names if name in own]
