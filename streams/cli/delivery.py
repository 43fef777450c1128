"""Where ``ingest`` brings comments: into ``comments.raw``, or as JSON lines to standard output or into a file."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from streams.errors import UserError

if TYPE_CHECKING:
    from streams.records import Comment
    from streams.settings import Settings

STDOUT: Final = "-"


def check_apart(option: str, to: str | Path | None, file: str) -> None:
    """Raise UserError where an output is the input itself, under whatever name: it would be lost while it is read."""
    if to is None or str(to) == STDOUT or file == STDOUT:
        return
    if Path(to).exists() and Path(file).exists() and Path(to).samefile(file):
        raise UserError(f"{option} {to}: is the file that is read; name another")


def deliver(settings: "Settings", records: "Iterable[Comment]", to: str | None) -> int:
    """Send the records to ``comments.raw``, or write them as JSON lines; return how many."""
    if to is None:
        from streams.kafka.produce import send_records
        from streams.topics import COMMENTS_RAW

        return send_records(settings, COMMENTS_RAW, records)
    if to == STDOUT:
        return _write(records, sys.stdout.buffer)
    with _written_whole(to) as out:
        return _write(records, out)


@contextmanager
def _written_whole(to: str) -> Iterator[BinaryIO]:
    """Give a file beside ``to`` that takes its place when all is written; until then, and if that fails, the old one stays."""
    target = Path(to).resolve()
    if target.exists() and not target.is_file():
        with _opened(to, target, "wb") as out:  # a pipe or a device has no place to take
            yield out
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(to, part, "xb") as out:
            yield out
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _opened(to: str, file: Path, mode: str) -> BinaryIO:
    try:
        return file.open(mode)  # type: ignore[return-value]  # both modes are binary
    except OSError as error:
        raise UserError(f"--to {to}: cannot be written: {error.strerror}") from error


def _write(records: "Iterable[Comment]", out: BinaryIO) -> int:
    import msgspec

    encoder, count = msgspec.json.Encoder(), 0
    for record in records:
        out.write(encoder.encode(record) + b"\n")
        count += 1
    out.flush()
    return count
