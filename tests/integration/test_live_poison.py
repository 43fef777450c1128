"""What cannot be read is put aside with its reason and its bytes, and nobody beside it suffers."""

from typing import Any

import msgspec
import pytest

from streams.kafka.redrive import dead_letters
from streams.stages.decode import Reason
from streams.topics import COMMENTS_RAW
from tests.support.builders import comment
from tests.support.live import Live

pytestmark = pytest.mark.kafka

POISON = {
    b'{"source": "news", ': Reason.NOT_JSON,
    b"\xff\xfe\x00 not utf-8": Reason.NOT_JSON,
    b'{"source": "a\xff"}': Reason.NOT_JSON,
    b'{"source": 7}': Reason.WRONG_TYPE,
    b"[]": Reason.WRONG_TYPE,
    b'"words"': Reason.WRONG_TYPE,
    b"": Reason.EMPTY,
    b"[" * 100_000: Reason.WRONG_TYPE,
    b'{"x":' * 100_000 + b"1" + b"}" * 100_000: Reason.TOO_DEEP,
    b"\x00garbage\n" * 220_000: Reason.NOT_JSON,
    msgspec.json.encode(comment()).replace(b'"schema_version":1', b'"schema_version":99'): Reason.WRONG_VERSION,
    msgspec.json.encode(comment()).replace(b'"ingested_at":"2', b'"ingested_at":"0'): Reason.WRONG_TYPE,
}


async def test_poison_between_good_comments_is_put_aside_and_its_neighbours_are_scored(live: Live) -> None:
    neighbours = [comment(f"c{n}", conversation_id=f"talk{n % 5}") for n in range(60)]
    encoded = [(COMMENTS_RAW.key(one), msgspec.json.encode(one)) for one in neighbours]
    mixed = [pair for n, bad in enumerate([*POISON, None]) for pair in ((None, bad), *encoded[4 * n : 4 * n + 4])]
    await live.put(COMMENTS_RAW, [*mixed, *encoded[52:]])
    live.worker()
    await live.settled()
    live.check()

    letters = await dead_letters(live.settings, COMMENTS_RAW)
    found = {letter.value: letter.headers["reason"] for letter in letters}
    expected: dict[Any, str] = {**POISON, None: Reason.EMPTY}
    assert found == expected
    sent = {(message.partition, message.offset): message.value for partition in live.log("comments.raw") for message in partition}
    for letter in letters:
        assert letter.headers["topic"] == "comments.raw"
        assert sent[int(letter.headers["partition"]), int(letter.headers["offset"])] == letter.value
        assert len(letter.headers["detail"]) <= 500
