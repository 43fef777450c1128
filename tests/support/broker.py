"""The broker of a test run: the one that THREADWATCH_KAFKA names, else an embedded one that the run starts once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.jars import fetch_jars

ROOT: Final = Path(__file__).parents[2]


def jars() -> Path:
    """Return the folder with Kafka's jars: shared by all runs, fetched the first time."""
    return fetch_jars(Path(os.environ.get("THREADWATCH_JARS") or ROOT / ".threadwatch" / "kafka-jars"))


class OwnBroker(EmbeddedBroker):
    """A broker that a test may stop, kill and start again."""

    def is_up(self) -> bool:
        """Return whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def up(self) -> None:
        """Start it, with the jars that all runs share."""
        self.start(jars())


@contextmanager
def embedded(folder: Path) -> Iterator[OwnBroker]:
    """Run a broker of our own on this folder."""
    broker = OwnBroker(folder)
    broker.up()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def any_broker(folder: Path) -> Iterator[str]:
    """Give the address of the broker that is named, else of one of our own."""
    if named := os.environ.get("THREADWATCH_KAFKA"):
        yield named
        return
    with embedded(folder) as broker:
        yield broker.address
