"""A file of comments opened: JSON lines, or a recording, which is replayed as the topic itself would be."""

from collections.abc import Iterator, Mapping
from typing import Self

from streams.engine import Message, decoder_of, moment
from streams.errors import UserError
from streams.packed import damage_told
from streams.records import Comment, ScoredComment
from streams.replay.held import any_arrived, held_by_recording
from streams.replay.parquet import MAGIC, FromParquet, is_parquet
from streams.replay.reach import Reach
from streams.replay.reading import BadLine, Opened
from streams.replay.recording import Recording, is_recording
from streams.replay.reuse import Scores
from streams.replay.taken import Asked, comments_of, placed
from streams.stages.decode import Unreadable
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, REPLIES


class FromRecording:
    """Stands where ``reading.Opened`` stands, on the file that it opened. Use as a context manager."""

    attested = True
    """The broker's own time, which stands in the recording, bounds every arrival."""
    ends: Mapping[int, int] = {}
    """It is no topic."""

    def __init__(self, opened: Opened, recording: Recording, asked: Asked) -> None:
        self._opened, self.recording, self._asked = opened, recording, asked
        self.reach = Reach(asked.start)
        self.reach.is_cut = recording.is_cut
        self.size = opened.size

    @property
    def read(self) -> int:
        """Return how far the file on disk was read, in bytes."""
        return self._opened.read

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.__exit__()

    def messages(self) -> Iterator[Message]:
        """Yield what the topic held. UserError at the end where the file is not what it was."""
        with damage_told(self._opened.file):
            yield from self.recording.messages()

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield what the topic would have given. UserError where that is nothing, and at the end where the file is not what it was."""
        yield from any_arrived(self._found(), self._asked, lambda: held_by_recording(self._opened.name, self.recording.header))

    def _found(self) -> Iterator[Comment | BadLine]:
        return comments_of(self.messages(), self._asked, self.reach)


class FromScored(FromRecording):
    """A recording of ``comments.scored`` alone: its comments, each with its score."""

    def __init__(self, opened: Opened, recording: Recording, asked: Asked, scores: Scores) -> None:
        """``scores`` takes the scores."""
        super().__init__(opened, recording, asked)
        self._scores = scores

    def _found(self) -> Iterator[Comment | BadLine]:
        for message in self.messages():
            found = _read(message)
            at = (None if isinstance(found, BadLine) else found.comment.ingested_at) or moment(message.timestamp_ms)
            if not self._asked.holds(at):
                self.reach.is_cut |= self._asked.is_passed(at)
            elif isinstance(found, BadLine):
                yield placed(found, at, self._asked)
            else:
                self._scores.take_with_comment(found)
                yield found.comment


def _read(message: Message) -> ScoredComment | BadLine:
    try:
        record: ScoredComment = decoder_of(COMMENTS_SCORED)(message.value)
    except Unreadable as unreadable:
        return BadLine(message.offset, str(unreadable.reason), unreadable.detail, message.value or b"")
    return record


def open_file(file: str, asked: Asked, scores: Scores | None) -> Opened | FromRecording | FromParquet:
    """Return a file opened, as what it is.

    Raises UserError where it cannot be, a period is asked of what has no arrivals of its own, or it is a recording that has no comments;
    one of ``comments.scored`` has comments where scores are taken over.
    """
    if is_parquet(file):
        _check_whole(asked)
        return FromParquet(file)
    opened = Opened(file)
    try:
        return _as_what_it_is(opened, asked, scores)
    except UserError:
        opened.__exit__()
        raise


def open_recording(file: str, topic: str, told_by: str) -> FromRecording:
    """Return a recording of a topic. Raises UserError, with the option that named it, for any other file."""
    opened = Opened(file)
    try:
        found = _recording_in(opened)
        if found is None or found.header.topic != topic:
            raise UserError(f"{told_by} {file}: is no recording of {topic}; `threadwatch record {topic}` makes one")
    except UserError:
        opened.__exit__()
        raise
    return FromRecording(opened, found, Asked())


def _as_what_it_is(opened: Opened, asked: Asked, scores: Scores | None) -> Opened | FromRecording:
    recording = _recording_in(opened)
    if recording is None:
        _check_whole(asked)
        _check_no_parquet(opened)
        return opened
    topic = recording.header.topic
    if topic == COMMENTS_RAW.name:
        return FromRecording(opened, recording, asked)
    if topic != COMMENTS_SCORED.name:
        raise UserError(f"{opened.name}: is a recording of {topic}; replay starts from one of {COMMENTS_RAW.name} or {REPLIES.name}")
    if scores is None:
        raise UserError(f"{opened.name}: is a recording of {topic}: add --scores reuse, or record {COMMENTS_RAW.name}")
    return FromScored(opened, recording, asked, scores)


def _check_whole(asked: Asked) -> None:
    if asked != Asked():
        raise UserError("--from and --to belong to --topic and to a recording; another file is replayed whole")


def _check_no_parquet(opened: Opened) -> None:
    """Raise UserError for Parquet on standard input, or packed: it is read from its end."""
    with damage_told(opened.file):
        start = opened.stream.peek(len(MAGIC))[: len(MAGIC)]
    if start == MAGIC:
        raise UserError(f"{opened.name}: is Parquet, which is read from its end; name a file on disk that is not packed again")


def _recording_in(opened: Opened) -> Recording | None:
    with damage_told(opened.file):
        return Recording(opened.stream, opened.name) if is_recording(opened.stream) else None
