"""Where a replay of ``replies`` that was stopped goes on: how far each partition was, and what its stages remembered."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from streams.replay.checkpoint import Written, written
from streams.replay.folder import Folder
from streams.replay.positions import OTHER_INPUT, OTHER_SETTINGS, PositionFile
from streams.replay.replies.fold import WRITTEN, Folded
from streams.replay.replies.logs import Entries
from streams.replay.replies.work import Begun, file_of

CHECKPOINT: Final = "checkpoint-replies.zst"
VERSION: Final = 1
_PIECE: Final = 1 << 20


class Position(Struct, frozen=True, kw_only=True):
    """How far the partitions were, and what that belongs to."""

    version: int = VERSION
    program: str
    configuration: str
    log: str
    """What it was going to replay."""
    ends: dict[int, int]
    partitions: dict[int, Folded]
    entries: dict[int, list[tuple[str, str, bytes]]]
    written: dict[str, Written]


class Checkpoint:
    """A replay that was stopped, to be gone on with."""

    def __init__(self, folder: Path) -> None:
        """Raise UserError where there is none in the folder, or none that this program can go on with."""
        self._file = PositionFile(folder / CHECKPOINT, "replay")
        self.position = self._file.read(Position, VERSION)

    def check(self, program: str, configuration: str, log: str) -> None:
        """Raise UserError where the replay that goes on would be another one."""
        was = self.position
        self._file.check(was.program, program, (was.configuration, configuration, OTHER_SETTINGS), (was.log, log, OTHER_INPUT))

    def restore(self, out: Folder, room: Path) -> dict[int, Begun]:
        """Put what was written back, a file for each partition, and return how far each was. UserError where it is not what it was."""
        found = self.position.partitions
        for name in WRITTEN:
            file = out.take_over(name, sum(folded.sizes.get(name, 0) for folded in found.values()))
            if written(file) != self.position.written[name]:
                raise self._file.refused(f"had written another {name}.jsonl than stands there now")
            file.seek(0)
            for partition, folded in sorted(found.items()):
                _copy(file, file_of(room, name, partition), folded.sizes.get(name, 0))
            file.truncate(0)
            file.seek(0)
        return {partition: Begun(folded, self._entries(partition)) for partition, folded in found.items()}

    def _entries(self, partition: int) -> Entries:
        return self.position.entries.get(partition, ())


def _copy(source: IO[bytes], to: Path, size: int) -> None:
    with to.open("wb") as file:
        while size and (some := source.read(min(size, _PIECE))):
            size -= file.write(some)


def joined(out: Folder, room: Path, found: Mapping[int, Folded]) -> None:
    """Write what the partitions made, one after the other."""
    for name in WRITTEN:
        file = out.file(name)
        for partition in sorted(found):
            if (part := file_of(room, name, partition)).exists():
                file.writelines(_pieces(part))
                part.unlink()


def _pieces(part: Path) -> Iterator[bytes]:
    with part.open("rb") as file:
        while some := file.read(_PIECE):
            yield some


def written_by(out: Folder, names: Iterable[str] = WRITTEN) -> dict[str, Written]:
    """Return how much each file of lines holds."""
    return {name: written(out.file(name)) for name in names}
