"""Which rows are learned from, which calibrate, and which measure: a function of the rows alone."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams.scorers.disguises import normalised
from streams.scorers.training.datasets import MEASURED, TRAINED, Row, excluded, key

_EMPTY: Final = key("")


class Split(Struct, frozen=True):
    """Rows per set. ``learn``, ``calibrate`` and ``measure`` share no text (and no conversation within a set)."""

    learn: dict[str, list[Row]]
    calibrate: dict[str, list[Row]]
    measure: dict[str, list[Row]]
    never_trained: dict[str, list[Row]]


def split(data: Path) -> Split:
    """Return all sets, split: nine tenths to learn from, half of a tenth to calibrate with, half to measure."""
    parts: dict[str, dict[str, list[Row]]] = {"learn": {}, "calibrate": {}, "measure": {}}
    for name, read in TRAINED.items():
        for part in parts.values():
            part[name] = []
        for row in read(data):
            parts[_part(name, row.group)][name].append(row)
    never_trained = {name: list(read(data)) for name, read in MEASURED.items()}
    measured = _keys(parts["measure"].values()) | _keys(never_trained.values())
    calibrated = _keys(parts["calibrate"].values())
    return Split(
        learn=_without(parts["learn"], excluded(data) | measured | calibrated),
        calibrate=_without(parts["calibrate"], excluded(data) | measured),
        measure=parts["measure"],
        never_trained=never_trained,
    )


def _part(name: str, group: str) -> str:
    number = int(hashlib.sha256(f"{name}\n{group}".encode()).hexdigest()[:8], 16) % 20
    return {0: "calibrate", 1: "measure"}.get(number, "learn")


def _keys(sets: Iterable[list[Row]]) -> frozenset[str]:
    """Return the keys of all rows but those without a Latin letter or digit, which all have one key."""
    return frozenset(key(row.text) for rows in sets for row in rows) - {_EMPTY}


def _without(sets: dict[str, list[Row]], keys: frozenset[str]) -> dict[str, list[Row]]:
    return {name: [row for row in rows if key(row.text) not in keys and normalised(row.text)] for name, rows in sets.items()}
