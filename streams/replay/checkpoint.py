"""Where a replay that was stopped goes on: how far it was, what its stages remember, and what it had written by then.

One file of packed JSON lines beside the partial results: what it belongs to, then an entry a line. It holds ids, no text.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import msgspec
import zstandard
from msgspec import Struct, field

from streams.errors import UserError
from streams.replay.positions import OTHER_INPUT, OTHER_SETTINGS, PositionFile, counter
from streams.replay.remembered import entries_of
from streams.replay.run import Going
from streams.replay.summary import Tally
from streams.stages.targets import Target

CHECKPOINT: Final = "checkpoint.zst"
VERSION: Final = 2
_LINES: Final = 500
_PIECE: Final = 1 << 20
_END: Final = b"end"
"""The last line: a file that was cut off lacks it."""


class Written(Struct, frozen=True):
    """How much of a file of lines belongs to what was done."""

    size: int
    sha256: str


class Position(Struct, frozen=True, kw_only=True):
    """How far a replay was, and what it belongs to."""

    version: int = VERSION
    program: str
    configuration: str
    input: str
    """Digest of all that it was going to replay."""
    ends: dict[str, int] = field(default_factory=dict)
    """Where the topic ended, by partition."""
    place: bytes
    """Of the last comment taken."""
    count: int
    tick: datetime | None
    now: datetime | None
    piled_on: list[Target]
    warm_up: Tally
    """Of what came before the period; ``tally``: of the period."""
    tally: Tally
    written: dict[str, Written]


class _Kind(Struct, frozen=True):
    version: int = 0
    program: str = "an unknown program"


class _Entry(Struct, frozen=True, array_like=True):
    stage: str
    key: str
    entry: msgspec.Raw


_ENCODE: Final = msgspec.json.Encoder().encode


def packed(position: Position, addressed: Iterable[tuple[str, bytes]], behind: Going) -> Iterator[bytes]:
    """Yield the file: the position, what ``address`` remembers, and what the stages behind it do."""
    pack = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    some = [_ENCODE(position)]
    for stage, key, entry in _all(addressed, behind):
        some.append(_ENCODE(_Entry(stage, key, msgspec.Raw(entry))))
        if len(some) >= _LINES:
            yield pack.compress(b"\n".join(some) + b"\n")
            some = []
    yield pack.compress(b"\n".join([*some, _END, b""]))
    yield pack.flush()


def _all(addressed: Iterable[tuple[str, bytes]], behind: Going) -> Iterator[tuple[str, str, bytes]]:
    for key, entry in addressed:
        yield "address", key, entry
    yield from remembered(behind)


def remembered(going: Going) -> Iterator[tuple[str, str, bytes]]:
    """Yield what the stages of a run remember: stage, key, entry."""
    for stage, store in zip(going.stages, going.stores, strict=True):
        for key, value in entries_of(store):
            yield stage.name, key, _ENCODE(value)


class Checkpoint:
    """A replay that was stopped, to be gone on with."""

    def __init__(self, folder: Path) -> None:
        """Raise UserError where there is none in the folder, or none that this program can go on with."""
        self._at = folder / CHECKPOINT
        self._file = PositionFile(self._at, "replay")
        try:
            self.position = self._position(next(self._lines(), b""))
        except FileNotFoundError as error:
            raise self._file.missing() from error
        except OSError as error:
            raise UserError(f"--resume: {self._at} cannot be read ({error.strerror})") from error
        except zstandard.ZstdError as error:
            raise self._file.damaged() from error

    def _position(self, line: bytes) -> Position:
        try:
            kind = msgspec.json.decode(line, type=_Kind)
            if kind.version == VERSION:
                return msgspec.json.decode(line, type=Position, dec_hook=counter)
        except msgspec.MsgspecError as error:
            raise self._file.damaged() from error
        raise self._file.refused(f"was made by {kind.program}")

    @property
    def ends(self) -> dict[int, int] | None:
        """Return where the topic ended that it read; None where it read none."""
        return {int(partition): end for partition, end in self.position.ends.items()} or None

    def check(self, program: str, configuration: str) -> None:
        """Raise UserError where the replay that goes on would be another one."""
        self._file.check(self.position.program, program, (self.position.configuration, configuration, OTHER_SETTINGS))

    def check_input(self, digest: str) -> None:
        """Raise UserError where it was going to replay something else."""
        if self.position.input != digest:
            raise self._file.refused(OTHER_INPUT)

    def check_written(self, name: str, is_the_same: bool) -> None:
        """Raise UserError where the file of lines that it had written is not what it was."""
        if not is_the_same:
            raise self._file.refused(f"had written another {name}.jsonl than stands there now")

    def entries(self) -> dict[str, list[tuple[str, bytes]]]:
        """Return what each stage remembers. UserError where the file is damaged."""
        found: dict[str, list[tuple[str, bytes]]] = {}
        decode = msgspec.json.Decoder(_Entry).decode
        try:
            lines = self._lines()
            next(lines)
            while (line := next(lines, b"")) != _END:
                one = decode(line)
                found.setdefault(one.stage, []).append((one.key, bytes(one.entry)))
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise self._file.damaged() from error
        return found

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        with self._at.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as content:
            while read := content.read(_PIECE):
                *lines, rest = (rest + read).split(b"\n")
                yield from lines


def restore(going: Going, position: Position, entries: dict[str, list[tuple[str, bytes]]]) -> None:
    """Put a run behind ``address`` where another one was."""
    going.ticks.last, going.now = position.tick, position.now
    restore_stores(going, entries)


def restore_stores(going: Going, entries: dict[str, list[tuple[str, bytes]]]) -> None:
    """Let the stages of a run remember what those of another one did."""
    for stage, store in zip(going.stages, going.stores, strict=True):
        decode = msgspec.json.Decoder(stage.entry).decode
        for key, entry in entries.get(stage.name, []):
            store.apply(key, decode(entry))


def written(file: IO[bytes]) -> Written:
    """Return how much a file of lines holds, from its beginning."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
    return Written(file.tell(), digest.hexdigest())
