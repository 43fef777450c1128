"""Where a backtest that was stopped goes on: what both sides kept, and what their stages remembered. Ids, no text."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard
from msgspec import Struct

from streams.errors import UserError
from streams.replay.backtest.played import Deed, Played, Side

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


def packed(position: Position) -> bytes:
    """Return the file."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(msgspec.msgpack.encode(position))


class Checkpoint:
    """A backtest that was stopped, to be gone on with."""

    def __init__(self, folder: Path) -> None:
        """Raise UserError where there is none in the folder, or none that this program can go on with."""
        self._file = folder / CHECKPOINT
        try:
            with zstandard.ZstdDecompressor().stream_reader(self._file.read_bytes()) as content:
                self.position = msgspec.msgpack.decode(content.read(), type=Position)
        except FileNotFoundError as error:
            raise UserError(
                f"--resume: {folder} holds no backtest that was stopped (no {CHECKPOINT}); start it without --resume"
            ) from error
        except (OSError, zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise UserError(f"--resume: {self._file} is damaged, or of another version; start the backtest again with --force") from error

    def check(self, program: str, configurations: Mapping[Side, str], input_: str) -> None:
        """Raise UserError where the backtest that goes on would be another one."""
        if self.position.program != program:
            raise self._refused(f"was made by {self.position.program}, this is {program}")
        if self.position.configurations != configurations:
            raise self._refused("was made with other settings, another scorer or another installation key")
        if self.position.input != input_:
            raise self._refused("was of another input, or of another period of it")

    def _refused(self, what: str) -> UserError:
        return UserError(f"--resume: the backtest that was stopped ({self._file}) {what}; start it again with --force")


def counter(_type: Any, counts: dict[str, int]) -> Counter[str]:
    """Return counts as the counter that they were."""
    return Counter(counts)
