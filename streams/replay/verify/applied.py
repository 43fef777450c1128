"""How a stage came to its input, as the ``applied`` entries that are left in its state topic say."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from streams.engine import Message, moment
from streams.kafka.applied import said_in
from streams.replay.verify.differences import Cause, Found, Place, Record

AT_ONCE: Final = timedelta(milliseconds=250)
"""What is written in one transaction gets times that differ by less: topics are written side by side."""


class Applied(Struct, frozen=True):
    """What one entry says of a batch: the last input offset, when that was applied, and with which settings."""

    offset: int
    at: datetime
    configuration: str
    place: int = -1
    """Offset of the entry itself."""


class Course(Struct):
    """What is left of a stage's entries, by input partition. Of a run with the same settings only its ends are kept."""

    by_partition: dict[int, list[Applied]] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    """Input partition → the last offset applied."""

    def take(self, message: Message) -> None:
        """Take a message of the state topic; what is no such entry says nothing."""
        if (entry := said_in(message)) is None:
            return
        told = Applied(entry.offset, moment(message.timestamp_ms), entry.config, message.offset)
        self.last[message.partition] = entry.offset
        run = self.by_partition.setdefault(message.partition, [])
        if len(run) > 1 and run[-1].configuration == run[-2].configuration == told.configuration:
            run[-1] = told
        else:
            run.append(told)

    def configurations(self) -> set[str]:
        """Return the settings that are named."""
        return {one.configuration for one in self._all()}

    def _all(self) -> Iterator[Applied]:
        for run in self.by_partition.values():
            yield from run


def other_settings(topic: str, applied: Sequence[Applied], place: Place, ours: str, *, by_time: bool) -> Found | None:
    """Return the proof that live had other settings at a place of its input.

    Compaction removes entries: only where those left on both sides have other settings, none between can have had ours.
    """
    if by_time:
        near = [one for one in applied if abs(one.at - place.at) <= AT_ONCE]
        before = [one for one in applied if one.at < place.at - AT_ONCE]
        after = [*near, *[one for one in applied if one.at > place.at + AT_ONCE][:1]]
        around = [*before[-1:], *after]
    else:
        before = [one for one in applied if one.offset < place.offset]
        after = [one for one in applied if one.offset >= place.offset]
        around = [*before[-1:], *after[:1]]
    if not after or any(one.configuration == ours for one in around):
        return None
    told = f"{topic} partition {place.partition}: input offset {after[0].offset} was applied with settings"
    records = tuple(Record(topic, place.partition, one.place) for one in around)
    return Found(Cause.VERSION, f"{told} {after[0].configuration}, here they are {ours}", records)
