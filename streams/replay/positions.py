"""A file beside the partial results of a run that was stopped: how far it was. Read back, or refused in one line."""

from collections import Counter
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec
import zstandard
from msgspec import Struct

from streams.errors import UserError

OTHER_INPUT: Final = "was of another input, or of another period of it"
OTHER_SETTINGS: Final = "was made with other settings, another scorer or another installation key"


class Versioned(Protocol):
    """What such a file holds."""

    @property
    def version(self) -> int:
        """Return by which form it was written."""


P = TypeVar("P", bound=Versioned)


class PositionFile:
    """The file of a run of one kind, ``replay`` or ``backtest``."""

    def __init__(self, file: Path, kind: str) -> None:
        """Name the file, which need not be there."""
        self.file, self.kind = file, kind

    def read(self, position: type[P], version: int) -> P:
        """Return the one packed value that the file holds. Raises UserError where there is none that this program can go on with."""
        try:
            with zstandard.ZstdDecompressor().stream_reader(self.file.read_bytes()) as content:
                found = msgspec.msgpack.decode(content.read(), type=position, dec_hook=counter)
        except FileNotFoundError as error:
            raise self.missing() from error
        except (OSError, zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise self.damaged(", or of another version") from error
        if found.version != version:
            raise self.damaged(", or of another version")
        return found

    def check(self, made_by: str, program: str, *others: tuple[object, object, str]) -> None:
        """Raise UserError where the run that goes on would be another one. ``others``: what was, what is, and what a difference means."""
        if made_by != program:
            raise self.refused(f"was made by {made_by}, this is {program}")
        for before, now, meaning in others:
            if before != now:
                raise self.refused(meaning)

    def missing(self) -> UserError:
        """Return that nothing was stopped there."""
        return UserError(
            f"--resume: {self.file.parent} holds no {self.kind} that was stopped (no {self.file.name}); start it without --resume"
        )

    def damaged(self, more: str = "") -> UserError:
        """Return that it is not what was written."""
        return UserError(f"--resume: {self.file} is damaged{more}; start the {self.kind} again with --force")

    def refused(self, what: str) -> UserError:
        """Return that it belongs to something else."""
        return UserError(f"--resume: the {self.kind} that was stopped ({self.file}) {what}; start it again with --force")


def packed(position: Struct) -> bytes:
    """Return the file of one packed value."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(msgspec.msgpack.encode(position))


def counter(_type: Any, counts: dict[str, int]) -> Counter[str]:
    """Return counts as the counter that they were."""
    return Counter(counts)
