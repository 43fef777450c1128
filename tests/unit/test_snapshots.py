"""A snapshot is whole or is none; the same state makes the same bytes; a day begins where the log says."""

from collections.abc import Iterator
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from streams.engine import Message
from streams.kafka.snapshots import PART, WHOLE, Closing, by_day, digest, key_of, midnight, packed, wholes
from streams.live.daily import due
from streams.live.room import Applied
from tests.support.builders import DAY, NOON

NIGHT = midnight(int((NOON + DAY).timestamp() * 1000))
ENTRIES = {b"key %d" % n: Random(n).randbytes(3000) for n in range(300)}
BYTES = some.binary(max_size=40)


def told(entries: dict[bytes, bytes], as_of_ms: int = NIGHT, offset: int = 7) -> list[Message]:
    parts = list(packed(entries))
    closing = Closing(as_of_ms=as_of_ms, offset=offset, timestamp_ms=as_of_ms - 1, state_version=2, config="c",
                      entries=len(entries), parts=len(parts), sha256=digest(parts))  # fmt: skip
    values = [(str(number), part) for number, part in enumerate(parts)] + [(WHOLE, msgspec.json.encode(closing))]
    return [Message("t", 0, n, as_of_ms, key_of(as_of_ms, offset, part), value) for n, (part, value) in enumerate(values)]


@given(some.dictionaries(BYTES, BYTES, max_size=30))
def test_a_snapshot_gives_back_what_was_put_in(entries: dict[bytes, bytes]):
    (found,) = wholes(told(entries))
    assert found.entries == entries


def test_parts_are_bounded_and_the_same_whatever_the_order_of_entries():
    parts = list(packed(ENTRIES))
    assert parts == list(packed(dict(reversed(ENTRIES.items()))))
    assert len(parts) > 3 and max(map(len, parts)) < PART + 4096


def damaged() -> Iterator[list[Message]]:
    good = told(ENTRIES)
    yield good[:-1]
    yield good[1:]
    yield [*good[:2], *good[3:]]
    yield [msgspec.structs.replace(good[0], value=good[1].value), *good[1:]]
    (closing,) = [msgspec.json.decode(good[-1].value or b"", type=Closing)]
    yield [*good[:-1], msgspec.structs.replace(good[-1], value=msgspec.json.encode(msgspec.structs.replace(closing, entries=299)))]


@pytest.mark.parametrize("messages", list(damaged()), ids=["not closed", "first missing", "one missing", "other bytes", "other count"])
def test_what_is_torn_is_passed_over_and_what_follows_is_found(messages: list[Message]):
    later = told({b"k": b"v"}, NIGHT + 86_400_000, 9)
    assert [found.closing.offset for found in wholes([*messages, *later])] == [9]


@pytest.mark.parametrize("place", range(1, len(list(packed(ENTRIES)))))
def test_what_was_torn_and_written_again_is_whole_once(place: int):
    again = told(ENTRIES)
    (found,) = wholes([*again[:place], *again])
    assert found.entries == ENTRIES


def at(*hours: float) -> list[Message]:
    return [Message("t", 0, n, NIGHT + int(hour * 3_600_000), None, None) for n, hour in enumerate(hours)]


def test_messages_part_where_a_later_day_begins():
    assert [[one.offset for one in run] for run in by_day(at(-2, -1, 0, 1, 23.9, 24, 99))] == [[0, 1], [2, 3, 4], [5], [6]]
    assert [[one.offset for one in run] for run in by_day(at(1, -1, 2))] == [[0, 1], [2]]
    assert list(by_day([])) == []


@pytest.mark.parametrize(
    ("applied", "hours", "expected"),
    [
        (Applied(-1), (1,), None),
        (Applied(0, NIGHT - 1), (-1, 0), NIGHT),
        (Applied(0, NIGHT - 1), (-1, 50), NIGHT + 2 * 86_400_000),
        (Applied(0, NIGHT - 1), (-1, -0.5), None),
        (Applied(0, NIGHT), (0, 1), None),
        (Applied(0, NIGHT - 1, snapshot_ms=NIGHT), (-1, 1), None),
        (Applied(1, NIGHT - 1), (-1, 1), None),
        (Applied(0, NIGHT + 1), (1, -1), None),
    ],
)
def test_a_snapshot_is_due_before_the_first_message_of_a_later_day_and_once(
    applied: Applied, hours: tuple[float, ...], expected: int | None
):
    assert due(applied, at(*hours)) == expected
