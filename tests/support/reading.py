"""Messages of the topics as the console's feed gets them, and a read model fed with records."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.console.numbers import Numbers
from streams.console.schema import open_to_read
from streams.console.store import Store
from streams.console.taking import Taken, take
from streams.console.texts import Opened, Span
from streams.engine import Message
from streams.topics import COMMENTS_SCORED, CONFIG, FEEDBACK, HANDLING, PILEONS, REPLIES, Topic
from tests.support.builders import NOON

KEY: Final = b"console"
NUMBERS: Final = Numbers(KEY)
NOON_MS: Final = int(NOON.timestamp() * 1000)


def messages(topic: Topic, records: Iterable[Any], start: int = 0, at_ms: int = NOON_MS) -> list[Message]:
    """Return records as the messages of one partition, all written at noon; bytes stay as they are."""
    return [
        Message(topic.name, 0, number, at_ms, None, record if isinstance(record, bytes) else msgspec.json.encode(record))
        for number, record in enumerate(records, start)
    ]


def taken(scored: Iterable[Any] = (), replies: Iterable[Any] = (), pileons: Iterable[Any] = (), feedback: Iterable[Any] = (),
          handling: Iterable[Any] = (), config: Iterable[Any] = (),
          start: int = 0, since: int = 0, numbers: Numbers = NUMBERS, at_ms: int = NOON_MS) -> Taken:  # fmt: skip
    """Return the rows of these records."""
    given = {COMMENTS_SCORED: scored, REPLIES: replies, PILEONS: pileons, FEEDBACK: feedback, HANDLING: handling, CONFIG: config}
    return take(numbers, {topic.name: messages(topic, records, start, at_ms) for topic, records in given.items()}, since)


def asked(file: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what the read model answers."""
    connection = open_to_read(file)
    try:
        return [tuple(row) for row in connection.execute(query, values)]
    finally:
        connection.close()


def said(file: Path, columns: str = "state") -> list[tuple[Any, ...]]:
    """Return columns, text and address of every comment, in order of these columns."""
    rows = asked(file, f"SELECT day, place, size, link, {columns} FROM comments ORDER BY {columns}")
    with Opened(file) as texts:
        return [(*row[4:], texts.read(Span(*row[:3])), texts.read(Span(row[0], row[1] + row[2], row[3]))) for row in rows]


def store_of(folder: Path, **records: Any) -> Store:
    """Return a store in a new file that has taken these in."""
    store = Store(folder / "console.db", "")
    store.apply(taken(**records))
    return store
