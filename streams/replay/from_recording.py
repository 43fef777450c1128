"""A file of comments opened: JSON lines, or a recording of ``comments.raw``, which is replayed as the topic itself would be."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Self

from streams.errors import UserError
from streams.packed import damage_told
from streams.records import Comment
from streams.replay.reading import BadLine, Opened
from streams.replay.recording import Recording, is_recording
from streams.replay.taken import Asked, comments_of
from streams.topics import COMMENTS_RAW


class FromRecording:
    """Stands where ``reading.Opened`` stands, on the file that it opened. Use as a context manager."""

    attested = True
    """The broker's own time, which stands in the recording, bounds every arrival."""

    def __init__(self, opened: Opened, asked: Asked) -> None:
        """Raise UserError where the recording is damaged, of another version or of another topic."""
        self._opened, self._asked = opened, asked
        self.size, self.name = opened.size, opened.name
        with damage_told(opened.file):
            self.recording = Recording(opened.stream, opened.name)
        topic = self.recording.header.topic
        if topic != COMMENTS_RAW.name:
            raise UserError(f"{opened.name}: is a recording of {topic}; replay starts from one of {COMMENTS_RAW.name}")

    @property
    def read(self) -> int:
        """Return how far the file on disk was read, in bytes."""
        return self._opened.read

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.__exit__()

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield what the topic would have given. UserError at the end where the file is not what it was."""
        with damage_told(self._opened.file):
            yield from comments_of(self.recording.messages(), self._asked)


def open_file(file: str, start: datetime | None = None, end: datetime | None = None) -> Opened | FromRecording:
    """Return a file opened, as what it is. Raises UserError where it cannot be, or a period is asked of what has no arrivals of its own."""
    opened = Opened(file)
    try:
        if _told(opened.stream, file):
            return FromRecording(opened, Asked(start, end))
        if start or end:
            raise UserError("--from and --to belong to --topic and to a recording; another file is replayed whole")
    except UserError:
        opened.__exit__()
        raise
    return opened


def _told(stream: IO[bytes], file: str) -> bool:
    with damage_told(file):
        return is_recording(stream)
