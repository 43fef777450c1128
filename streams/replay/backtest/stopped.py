"""Where a backtest that was stopped goes on: what both sides kept, and what their stages remembered. Ids, no text."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.replay.backtest.played import Deed, Played, Side
from streams.replay.positions import OTHER_INPUT, OTHER_SETTINGS, PositionFile, counter

CHECKPOINT: Final = "checkpoint-backtest.zst"
VERSION: Final = 1
Entries = list[tuple[str, str, bytes]]
"""Stage, key, entry."""


class Stopped(Struct, frozen=True, kw_only=True):
    """One side."""

    played: bytes
    """A ``Played``, packed as it was then."""
    tick: datetime | None = None
    now: datetime | None = None
    seen: list[Deed]
    entries: Entries

    def made(self) -> Played:
        """Return what it had kept."""
        return msgspec.msgpack.decode(self.played, type=Played, dec_hook=counter)

    def by_stage(self) -> dict[str, list[tuple[str, bytes]]]:
        """Return what its stages remembered."""
        found: dict[str, list[tuple[str, bytes]]] = {}
        for stage, key, entry in self.entries:
            found.setdefault(stage, []).append((key, entry))
        return found


class Begun(Struct, frozen=True):
    """How far one configuration was on one partition."""

    played: bytes
    folded: bytes
    """``Played`` and ``Folded``, packed."""
    seen: list[Deed]
    entries: Entries
    """What its stages remembered; none: it was at the end."""
    offset: int
    messages: int


class Position(Struct, frozen=True, kw_only=True):
    """How far a backtest was, and what it belongs to."""

    version: int = VERSION
    program: str
    configurations: dict[Side, str]
    input: str
    """What it was going to replay."""
    ends: dict[int, int] = {}
    place: bytes = b""
    count: int = 0
    addressed: list[list[tuple[str, bytes]]] = []
    """What ``address`` remembered, of each way to address."""
    sides: dict[Side, Stopped] = {}
    partitions: dict[int, list[Begun]] = {}
    """Of ``replies``: baseline and candidate on each partition."""


class Checkpoint:
    """A backtest that was stopped, to be gone on with."""

    def __init__(self, folder: Path) -> None:
        """Raise UserError where there is none in the folder, or none that this program can go on with."""
        self._file = PositionFile(folder / CHECKPOINT, "backtest")
        self.position = self._file.read(Position, VERSION)

    def check(self, program: str, configurations: Mapping[Side, str], input_: str) -> None:
        """Raise UserError where the backtest that goes on would be another one."""
        was = self.position
        self._file.check(
            was.program, program, (was.configurations, configurations, OTHER_SETTINGS), (was.input, input_, OTHER_INPUT)
        )  # fmt: skip
