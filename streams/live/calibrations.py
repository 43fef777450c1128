"""What ``threadwatch calibrate`` sent to ``config`` enters the log of every partition of ``replies``, as verdicts do.

``config`` is read along, without a group; of each record the latest counts, from the time it names. The fold takes it over at its place in
the log, live and in replay. A record that cannot be used stops the worker, by its name: nothing is decided on figures nobody chose.
"""

import logging
from typing import Any, Final

from streams.engine import Message, decoder_of, moment
from streams.errors import UserError
from streams.kafka.connection import topic_name
from streams.kafka.read import message_of, open_reader_from_the_beginning
from streams.live.agent import StageAgent
from streams.live.room import Room, now_ms
from streams.records import ConfigChange, ConfigRecord
from streams.settings import Settings
from streams.stages.changes import change_key
from streams.stages.decode import Unreadable
from streams.stages.esr.calibration import Calibration, is_calibration
from streams.stages.esr.records import is_followed, made_of
from streams.stages.pileon import PileOns, Which
from streams.topics import CONFIG

log = logging.getLogger("threadwatch.live")

UNCALIBRATED: Final = (
    "detector e-SR runs without a calibration: what is usual on this site is a guess, and the budget of false alarms with it; "
    "threadwatch calibrate --topic replies --send measures it"
)


BEHIND: Final = (
    "config, record %r: version %d is not followed, for the log has version %d; send it anew with a higher version "
    "(threadwatch calibrate --topic replies --send takes the next one)"
)


STILL: Final = (
    "the shadow e-SR stands still: %s; the window rule goes on; send a better record with a higher version, then start the workers again"
)


class Calibrations:
    """Brings calibrations to the partitions that this worker's ``pileon`` stage owns."""

    def __init__(self, settings: Settings, pileons: StageAgent) -> None:
        self._settings, self._pileons = settings, pileons
        self._consumer: Any = None
        self._ends: dict[Any, int] = {}
        self._latest: dict[str, ConfigRecord] = {}
        self._written: dict[tuple[int, str], tuple[Room, int]] = {}
        self._is_warned = False
        self._is_still = False
        self._behind: set[tuple[str, int]] = set()

    async def look(self) -> None:
        """Read what came, and write what holds by now where it is not known yet. UserError for a record that cannot be used.

        Where e-SR only runs along, such a record ends its running along, and nothing else.
        """
        try:
            if not self._is_still:
                await self._look()
        except UserError as unusable:
            if self._settings.detector is Which.ESR:
                raise
            self._stand_still(unusable)

    def _stand_still(self, unusable: UserError) -> None:
        stage = self._pileons.stage
        if isinstance(stage, PileOns):  # it is
            stage.stop_shadow()
        self._is_still = True
        log.error(STILL, unusable)

    async def _look(self) -> None:
        await self._read()
        if not self._is_warned and await self._is_uncalibrated():
            log.warning("%s", UNCALIBRATED)
            self._is_warned = True
        self._written = {place: wrote for place, wrote in self._written.items() if place[0] in self._pileons.rooms}  # others' are others'
        for partition in list(self._pileons.rooms):
            await self._write(partition)

    async def close(self) -> None:
        """Let go."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def _is_uncalibrated(self) -> bool:
        """Return whether nobody has measured what is usual, as far as the topic went when it was opened."""
        if self._settings.calibration != Calibration() or any(map(is_calibration, self._latest)):
            return False
        return all([await self._consumer.position(place) >= end for place, end in self._ends.items()])

    async def _read(self) -> None:
        if self._consumer is None:
            self._consumer = await open_reader_from_the_beginning(self._settings, topic_name(self._settings, CONFIG.name))
            self._ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        latest: dict[bytes, Message] = {}
        while batches := await self._consumer.getmany(timeout_ms=0):
            latest.update((raw.key or b"", message_of(raw)) for raws in batches.values() for raw in raws)
        for key, message in latest.items():  # of each only the last: what was mended stops nobody
            name = key.decode(errors="replace")
            if not is_followed(name):
                continue
            if message.value is None:
                self._latest.pop(name, None)
            else:
                self._latest[name] = _checked(name, message)

    async def _write(self, partition: int) -> None:
        async with self._pileons.lock(partition):
            room = self._pileons.rooms.get(partition)
            for record in [record for record in self._latest.values() if room is not None and self._is_news(room, record)]:
                change = ConfigChange(
                    name=record.name, version=record.version, effective_from=record.effective_from, values=record.values
                )  # fmt: skip
                assert room is not None
                await room.write(record.name.encode(), change)
                self._written[partition, record.name] = room, record.version

    def _is_news(self, room: Room, record: ConfigRecord) -> bool:
        """Return whether the partition's log lacks what holds by now. Written and not yet folded is not written again."""
        if record.effective_from > moment(now_ms()):
            return False
        known = room.store.changes.get(change_key(record.name))
        if known is not None and known.change.version > record.version:
            if (record.name, record.version) not in self._behind:
                self._behind.add((record.name, record.version))
                log.warning(BEHIND, record.name, record.version, known.change.version)
            return False
        written = self._written.get((room.partition, record.name))
        if written is not None and written[0] is room and written[1] >= record.version:
            return False
        if known is None or known.change.version < record.version:
            return True
        if known.change.version == record.version and known.change.values != record.values:
            raise UserError(
                f"config, record {record.name!r}: version {record.version} is in the log with other values; send them with a higher version"
            )
        return False


def _checked(name: str, message: Message) -> ConfigRecord:
    where = f"config, record {name!r} (partition {message.partition}, offset {message.offset})"
    try:
        record: ConfigRecord = decoder_of(CONFIG)(message.value)
    except Unreadable as unreadable:
        raise UserError(f"{where} cannot be read: {unreadable.detail}; send it anew with threadwatch calibrate") from unreadable
    if record.name != name:
        raise UserError(f"{where} names itself {record.name!r}: its key must be its name; send it anew with threadwatch calibrate")
    made_of(record.name, record.version, record.values)
    return record
