"""Faust's Kafka transport, carrying chunks: committed records only, one Faust message for many of the broker's.

Faust spends 150 µs and more on each message before an agent sees it (four asyncio tasks among them), three times a comment:
more than our stages take. So its consumer hands on what the broker sent as chunks. One chunk is one Faust message, with the
offset of its last record; lanes acknowledge chunks in order, each once all before it in its partition is applied.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from streams.engine import Message
from streams.kafka.read import message_of

CHUNK: Final = 250
"""Records in one Faust message, at most; fewer where a stage takes smaller batches."""


class Chunk(ConsumerMessage):
    """Records of one partition, in order, as one message of Faust's. Its own key and value are empty."""

    __slots__ = ("records",)

    def __init__(self, place: Any, records: Sequence[Message], generation_id: int) -> None:
        last = records[-1]
        super().__init__(
            place.topic, place.partition, last.offset, last.timestamp_ms / 1000, 0, None, None, None, None, 0, 0, place,
            generation_id=generation_id,
        )  # fmt: skip
        self.records = records


class _Thread(driver.AIOKafkaConsumerThread):
    """Faust reads uncommitted records unless it runs its own transactions; ours need read_committed. And partitions take turns."""

    async def _fetch_records(self, consumer: Any, *arguments: Any, **options: Any) -> Any:
        """Let another partition be first each time: aiokafka empties what it fetched of one before it looks at the next.

        With a scorer that takes a second for 32 comments, the others stood still for a minute and a half behind a flood in one.
        """
        fetched = consumer._fetcher._records  # noqa: SLF001 there is no public way; test_live_fair.py holds that it works
        if len(fetched) > 1:
            fetched.move_to_end(next(iter(fetched)))
        return await super()._fetch_records(consumer, *arguments, **options)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer: Any = self.consumer
        before, consumer.in_transaction = consumer.in_transaction, True
        try:
            return super()._create_worker_consumer(transport)
        finally:
            consumer.in_transaction = before


class _Consumer(driver.Consumer):
    chunk = CHUNK

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Chunk]]:  # noqa: ASYNC109 Faust's signature
        """Yield what the broker sent, in chunks, until partitions change hands."""
        records, _ = await self._wait_next_records(timeout)
        if records is None or self.should_stop:
            return
        generation = self.app.consumer_generation_id
        for place, chunk in self._chunks(records):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            yield place, chunk

    def _chunks(self, records: Mapping[Any, Sequence[Any]]) -> Iterator[tuple[Any, Chunk]]:
        """Partitions take turns, so that none waits for all of another's."""
        generation, start = self.app.consumer_generation_id, 0
        while waiting := {place: raws for place, raws in records.items() if len(raws) > start}:
            for place, raws in waiting.items():
                yield place, Chunk(place, list(map(message_of, raws[start : start + self.chunk])), generation)
            start += self.chunk

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Note nothing: offsets between chunks are inside a chunk, or markers, or compacted away."""

    def _new_offset(self, tp: Any) -> int | None:
        """Return what may be committed: all up to the last chunk acknowledged, for they are acknowledged in order."""
        if not (acked := self._acked[tp]):
            return None
        newest = max(acked) + 1
        acked.clear()
        self._acked_index[tp].clear()
        return int(newest)

    def on_buffer_full(self, tp: Any) -> None:
        """Keep the partition: the fetcher waits for room by itself. Faust would set it aside and then sleep for a second."""


class Transport(driver.Transport):
    """The transport of an App; ``chunk`` bounds its chunks."""

    Consumer = _Consumer

    def __init__(self, *arguments: Any, chunk: int = CHUNK, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._chunk = min(CHUNK, chunk)

    def create_consumer(self, callback: Any, **options: Any) -> Any:
        """Return a consumer whose chunks are no larger than a batch."""
        consumer: Any = super().create_consumer(callback, **options)
        consumer.chunk = self._chunk
        return consumer
