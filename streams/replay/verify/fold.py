"""``replies`` through the very ``pileon`` stage, partition by partition in the order of offsets."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from streams.engine import Message, decoder_of, moment, turn
from streams.records import ConfigChange, Judged, PileOn, Reply, ReplyLog, Tick
from streams.replay.verify.differences import Made, Place, place_of
from streams.replay.verify.opening import Began, Opening, began
from streams.replay.verify.spool import Spool, group_of
from streams.stages.step import Stage
from streams.topics import REPLIES


class Ticked(Struct, frozen=True):
    """The tick that claims the latest time so far, and where it stands."""

    at: datetime
    place: Place


class Logged(Struct, frozen=True):
    """A record about one person as it stands in ``replies``, and what time the log had claimed before it."""

    place: Place
    record: ReplyLog
    ticked: Ticked | None = None


class Heard(Struct, frozen=True):
    """When a reply was written, and when it arrived."""

    created_at: datetime
    ingested_at: datetime


class Known(Struct, frozen=True):
    """An entry of the state with which a fold began."""

    key: str
    entry: bytes


class _Changed(Struct, frozen=True):
    """Of an entry of the state: the setting that it is, if it is one."""

    change: ConfigChange | None = None


class Refold:
    """Takes batches of one partition each, in order, and gathers the transitions that they make; one partition's state at a time."""

    def __init__(self, stage: Stage, folder: Path | None, *, keeps_log: bool = False) -> None:
        """``folder`` takes what is too much for memory. ``keeps_log``: the records themselves are kept too, person by person."""
        self.records = self.unreadable = 0
        self.made, self.heard = Spool(folder, "made"), Spool(folder, "heard")
        self.log = Spool(folder, "log") if keeps_log else None
        self.known = Spool(folder, "known") if keeps_log else None
        self.began: list[Began] = []
        self.starts: dict[int, datetime] = {}
        """Partition → when the broker got the first message that was folded."""
        self.ticked: dict[int, Ticked] = {}
        """Partition → the latest time that a tick has claimed."""
        self.changes: dict[int, list[Logged]] = {}
        """Partition → the settings that its log has changed, in order, those first with which the fold began; where the log is kept."""
        self._stage = stage
        self._opening: Opening | None = None

    @property
    def approximate(self) -> dict[int, int]:
        """Return the partitions whose state at the beginning is not known in full, with the first offset that was folded."""
        return {one.partition: one.first for one in self.began if one.start == "approximate"}

    def open(self, partition: int, opening: Opening) -> None:
        """Begin a partition; that before it is done."""
        self._opening = opening
        self.began.append(began(self._stage, partition, opening))
        if self.known is not None:
            self.changes[partition] = [
                Logged(Place(partition, -1, change.effective_from), change)
                for change in map(_change_of, opening.entries.values())
                if change
            ]
            for key, entry in opening.entries.items():
                self.known.add(group_of(*msgspec.json.decode(key, type=tuple[str, str, str])), Known(key.decode(), entry))

    def take(self, batch: Sequence[Message]) -> None:
        """Fold one batch of the partition that was opened."""
        if not batch or self._opening is None:
            return
        self.starts.setdefault(batch[0].partition, moment(batch[0].timestamp_ms))
        effects = turn(self._stage, batch, self._opening.store)
        unreadable = {letter.message.offset for letter in effects.dead_letters}
        readable = [message for message in batch if message.offset not in unreadable]
        for message, step in zip(readable, effects.steps, strict=True):
            for pileon in step.outputs:
                self.made.add(_about(pileon), Made(pileon, place_of(message)))
        self.records += len(batch)
        self.unreadable += len(unreadable)
        if self._opening.is_approximate or self.log is not None:
            self._hear(readable, is_approximate=self._opening.is_approximate)

    def _hear(self, messages: Sequence[Message], *, is_approximate: bool) -> None:
        for message in messages:
            record = decoder_of(REPLIES)(message.value)
            if isinstance(record, Tick):
                before = self.ticked.get(message.partition)
                if before is None or record.at > before.at:
                    self.ticked[message.partition] = Ticked(record.at, place_of(message))
            elif isinstance(record, ConfigChange):
                self.changes.setdefault(message.partition, []).append(Logged(place_of(message), record))
            elif isinstance(record, Reply | Judged):
                if is_approximate and isinstance(record, Reply):
                    self.heard.add(_about(record), Heard(record.created_at, record.ingested_at))
                if self.log is not None:
                    self.log.add(_about(record), Logged(place_of(message), record, self.ticked.get(message.partition)))


def _change_of(entry: bytes) -> ConfigChange | None:
    return msgspec.json.decode(entry, type=_Changed).change


def _about(record: Reply | Judged | PileOn) -> bytes:
    return group_of(record.source, record.community, record.target_id)
