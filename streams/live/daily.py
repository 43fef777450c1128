"""Once a day a room writes its whole state down, as it was before the day's first message; then it goes on."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from streams.engine import APPLIED, Message
from streams.kafka.batches import Outgoing, send_all
from streams.kafka.connection import topic_name
from streams.kafka.read import read_bounded
from streams.kafka.snapshots import WHOLE, Closing, digest, key_of, midnight, packed
from streams.settings import Settings
from streams.topics import snapshots_topic, state_topic

_AT_ONCE: Final = 16
"""Parts of one transaction: some megabytes."""
_TRIES: Final = 100
_PAUSE: Final = 0.1


def due(applied: Any, messages: Sequence[Message]) -> int | None:
    """Return the midnight of which a snapshot is to be written before these messages are applied; None if none is.

    It is one of the log's time: that at which the broker got the first message after it, compared with the last one applied.
    """
    coming = next((message for message in messages if message.offset > applied.offset), None)
    if coming is None or applied.offset < 0:
        return None
    day = midnight(coming.timestamp_ms)
    return day if midnight(applied.timestamp_ms) < day and applied.snapshot_ms < day else None


class Daily:
    """Writes the snapshots of one stage and partition with the room's producer, fenced like everything else."""

    def __init__(self, settings: Settings, stage: str, partition: int) -> None:
        self._settings, self._stage, self._partition = settings, stage, partition
        self._topic = topic_name(settings, snapshots_topic(stage))

    async def parts(self, producer: Any, applied: Any, as_of_ms: int, moved: Callable[[], None]) -> Outgoing:
        """Write the state's parts, a few in each transaction, and return the message that makes them whole.

        The caller writes it together with ``applied``, which then says that it is done.
        Who is killed before begins again, with the same bytes.
        """
        entries = await self._entries(applied.offset, moved)
        digests: list[bytes] = []
        parts = enumerate(packed(entries))
        while some := list(islice(parts, _AT_ONCE)):
            async with producer.transaction():
                await send_all(producer, self._outgoing(some, as_of_ms, applied.offset))
            moved()
            digests += [part for _, part in some]
        closing = Closing(
            as_of_ms=as_of_ms, offset=applied.offset, timestamp_ms=applied.timestamp_ms, state_version=applied.state_version,
            config=applied.config, entries=len(entries), parts=len(digests), sha256=digest(digests),
        )  # fmt: skip
        return Outgoing(self._topic, self._partition, key_of(as_of_ms, applied.offset, WHOLE), msgspec.json.encode(closing))

    def _outgoing(self, parts: Iterable[tuple[int, bytes]], as_of_ms: int, offset: int) -> list[Outgoing]:
        return [Outgoing(self._topic, self._partition, key_of(as_of_ms, offset, number), part) for number, part in parts]

    async def _entries(self, offset: int, moved: Callable[[], None]) -> dict[bytes, bytes]:
        """Return the entries as the state topic has them: the very bytes that whoever opens the room next would load.

        A commit is answered before its markers are written: until then a reader does not see the last batch, nor that it is applied.
        """
        for _ in range(_TRIES):
            found = await self._read(moved)
            applied = found.pop(APPLIED, None)
            if applied is not None and msgspec.json.decode(applied)["offset"] == offset:
                return {key: value for key, value in found.items() if value is not None}
            await asyncio.sleep(_PAUSE)
        raise TimeoutError(
            f"state.{self._stage}, partition {self._partition}: what was committed at offset {offset} is not there to be read"
        )

    async def _read(self, moved: Callable[[], None]) -> dict[bytes, bytes | None]:
        found: dict[bytes, bytes | None] = {}
        async for batch in read_bounded(self._settings, state_topic(self._stage), [self._partition]):
            moved()
            found.update((message.key or b"", message.value) for message in batch)
        return found
