"""``python -m tests.bench.snapshots``: how long a stage stands still while it writes its state down, and what a start from that takes."""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import msgspec

from streams import engine
from streams.engine import Message
from streams.kafka.admin import create_topics
from streams.kafka.batches import Outgoing
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.jars import fetch_jars
from streams.kafka.read import bounded
from streams.kafka.snapshots import midnight, wholes
from streams.live.room import Applied, Room
from streams.settings import Settings, load
from streams.stages.pileon import PileOns
from streams.stages.step import Arrived
from streams.topics import REPLIES, snapshots_topic
from tests.bench.machine import machine
from tests.support.builders import NOON, reply


async def _measure(settings: Settings, targets: int) -> None:
    await create_topics(settings)
    stage = PileOns(settings.pileon, {}, {}, b"bench")
    room = Room(settings, stage, 0, "bench")
    await room.open()
    entries = _entries(stage, targets)
    size = sum(len(key) + len(value) for key, value in entries.items())
    print(f"{targets:,} targets, {size / 2**20:.0f} MiB of state in one partition")
    at = int(NOON.timestamp() * 1000)
    waiting = [Outgoing(room._state, 0, key, value) for key, value in entries.items()]
    for first in range(0, len(waiting), 20_000):
        await room._note(Applied(0, at), waiting[first : first + 20_000])
    del waiting, entries
    late = asyncio.create_task(_late())
    started, cpu = time.perf_counter(), time.process_time()
    await room.write_down([Message("replies", 0, 1, midnight(at) + 86_400_000, None, None)])
    print(f"written down in {time.perf_counter() - started:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
    late.cancel()
    print(f"meanwhile others waited at most {max(_WAITED, default=0) * 1000:.0f} ms")
    await room.close()
    started = time.perf_counter()
    messages = []
    async with bounded(settings, snapshots_topic("pileon"), [0]) as reading:
        async for batch in reading.in_order():
            messages += batch
    (found,) = wholes(messages)
    packed = sum(len(message.value or b"") for message in messages)
    engine.load(stage, found.entries.items())
    print(f"{len(messages)} messages, {packed / 2**20:.0f} MiB; read and loaded in {time.perf_counter() - started:.1f} s")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MiB")


_WAITED: list[float] = []


async def _late() -> None:
    """Note how late somebody comes who wants to wake up every few milliseconds."""
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.005)
        _WAITED.append(time.perf_counter() - started - 0.005)


def _entries(stage: PileOns, targets: int) -> dict[bytes, bytes]:
    """Return the state of people with five replies each, by the stage itself; a thousand are made, the others are called otherwise."""
    effects, store = engine.Effects(), stage.new_store()
    replies = [
        reply(f"p{n}-{k}", NOON + timedelta(seconds=n), target_id=f"t{n}", comment_id=f"c{n}-{k}", hostility=0.9 if k == 0 else 0.1)
        for n in range(1000)
        for k in range(5)
    ]
    engine.fold(stage, [Arrived(one, one.created_at) for one in replies], store, effects)
    made = [value for value in effects.entries.values() if value is not None]
    return {REPLIES.key(msgspec.structs.replace(replies[0], target_id=f"person-{n:08d}")): made[n % len(made)] for n in range(targets)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=250_000)
    targets = parser.parse_args().targets
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        broker = EmbeddedBroker(Path(folder) / "kafka")
        address = broker.start(fetch_jars(Path(os.environ.get("THREADWATCH_JARS", ".threadwatch/kafka-jars"))))
        try:
            asyncio.run(_measure(load({}, options={"kafka.bootstrap": address, "data": folder}), targets))
        finally:
            broker.stop()


if __name__ == "__main__":
    main()
