"""``python -m tests.bench.millions``: millions of invented replies from an embedded broker; memory at a tenth of them and at all.

The read alone, and the whole replay by one and by two processes. Nothing is asserted.
"""

import argparse
import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.jars import fetch_jars
from streams.settings import load
from streams.topics import REPLIES
from tests.bench.bounded import fill_replies, from_replies, print_measured, print_reads
from tests.bench.machine import machine


def main() -> None:
    """Fill, read and replay, a tenth and all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.millions", description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    asked = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as folder:
        for records in (asked.records // 10, asked.records):
            _measure(Path(folder) / str(records), records, asked.processes)


def _measure(folder: Path, records: int, processes: list[int]) -> None:
    folder.mkdir()
    broker = EmbeddedBroker(folder / "kafka")
    address = broker.start(fetch_jars(Path(".threadwatch") / "kafka-jars"))
    try:
        settings = load({}, options={"kafka.bootstrap": address, "data": str(folder)})
        began = time.monotonic()
        asyncio.run(create_topics(settings))
        asyncio.run(fill_replies(settings, records))
        print(f"{records:,} replies invented and written in {time.monotonic() - began:.0f} s", flush=True)
        print_reads(settings, REPLIES, rounds=1)
        for count in processes:
            print_measured(f"from replies, {count} process{'es' * (count > 1)}", partial(from_replies, settings, folder, count), rounds=1)
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
