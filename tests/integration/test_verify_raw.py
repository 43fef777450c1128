"""``backtest verify --raw`` on topics that a real worker wrote: each cause happens for real, and what is deleted and forged has none."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.admin import create_topics
from streams.kafka.connection import client_options, topic_name
from streams.records import Comment, Status
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, REPLIES
from tests.conftest import Another
from tests.integration.test_snapshots import dated, put, said
from tests.integration.test_verify import _cut, _json, _stopped
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, comment, deleted, pileon
from tests.support.live import Live

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def talk(name: str, *, at: Any = NOON - HOUR) -> Comment:
    """Return what ann says, whom all others answer."""
    return comment(f"{name}-root", conversation_id=name, author_id="ann", created_at=at)


def insult(who: str, at: Any, name: str, **fields: Any) -> Comment:
    given = {"conversation_id": name, "author_id": who, "parent_id": f"{name}-root", "text": "You are an idiot and a moron."}
    return comment(f"{name}-{who}", created_at=at, **(given | fields))


def by_turns(people: int = 6) -> tuple[list[Comment], list[Comment]]:
    """Return two conversations on one person, written by turns."""
    whole = [insult(f"p{n}", NOON + n * MINUTE, "ab"[n % 2]) for n in range(people)]
    return [talk("a"), *whole[::2]], [talk("b"), *whole[1::2]]


async def sent(live: Live, *portions: Sequence[Comment]) -> None:
    """Send some, and the others when all of them have been through."""
    for portion in portions:
        await live.send(portion)
        await live.settled()
    await _stopped(live)


async def verified(live: Live, name: str, *options: str, raw: Sequence[str] = ("--raw",)) -> dict[str, Any]:
    done = await live.command("backtest", "verify", *raw, "--out", str(live.folder / name), *options)
    assert done.returncode in (0, 1), done.stderr
    lines = map(msgspec.json.decode, (live.folder / name / "differences.jsonl").read_bytes().splitlines())
    assert "idiot" not in (live.folder / name / "differences.jsonl").read_text() + done.stderr
    return _json(live.folder / name) | {"code": done.returncode, "said": done.stderr, "lines": list(lines)}


def causes(found: dict[str, Any], of: str = "raw") -> set[str]:
    counted = found["raw"]["causes"] if of == "raw" else found["causes"]
    return {name for name, count in counted.items() if count}


def proofs(live: Live, found: dict[str, Any]) -> set[tuple[str, ...]]:
    """Return the comments of the records of replies that the differences name."""
    log = {(one.partition, one.offset): msgspec.json.decode(one.value or b"") for part in live.log(REPLIES.name) for one in part}
    named = [[log[one["partition"], one["offset"]] for one in line["records"] if one["topic"] == REPLIES.name] for line in found["lines"]]
    return {tuple(one.get("comment_id", "tick") for one in some) for some in named}


async def test_two_conversations_that_raced_are_merge_order_and_what_is_deleted_and_forged_stays_unexplained(live: Live) -> None:
    live.worker()
    await sent(live, *by_turns())
    found = await verified(live, "raced")
    assert (found["code"], found["unexplained"], causes(found, "log")) == (0, 0, set()), found["said"]
    assert causes(found) == {"merge order"} and proofs(live, found) == {("a-p2", "b-p1")}
    assert found["raw"]["comments"] == 8 and "all explained" in found["said"]
    assert {one["kind"] for one in found["lines"]} >= {"missing", "extra"}
    await _rewritten(live)
    found = await verified(live, "forged")
    unexplained = {(one["kind"], one["pileon_id"]) for one in found["lines"] if one["cause"] == "unexplained" and one["stage"] == "pileon"}
    gone = next(one.pileon_id for one in live.pileons() if one.status is Status.ONGOING)
    assert (found["code"], unexplained) == (1, {("missing", gone), ("extra", "forged")})
    assert {one.get("replayed_from") for one in found["lines"] if one.get("pileon_id") == "forged"} == {None, "comments.raw"}


async def _rewritten(live: Live) -> None:
    """Make pileons anew without one transition that fired, and with one that did not."""
    kept = [one for part in live.log(PILEONS.name) for one in part]
    kept.remove(next(one for one in kept if msgspec.json.decode(one.value or b"")["status"] == "ongoing"))
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        await admin.delete_topics([topic_name(live.settings, PILEONS.name)])
    finally:
        await admin.close()
    await create_topics(live.settings)
    forged = pileon("forged")
    await live.put(PILEONS, [*((one.key, one.value) for one in kept), (PILEONS.key(forged), msgspec.json.encode(forged))])


async def test_a_comment_that_came_late_is_the_cause_where_it_told_that_time_had_passed(live: Live) -> None:
    live.worker()
    first = [talk("a"), *(insult(f"p{n}", NOON + n * MINUTE, "a") for n in range(4))]
    late = [talk("b", at=NOON - 3 * DAY), insult("late", NOON - 3 * DAY + MINUTE, "b", ingested_at=NOON + 30 * HOUR)]
    await sent(live, first, late, [insult(f"q{n}", NOON + HOUR + n * MINUTE, "a") for n in range(4)])
    found = await verified(live, "late")
    assert (found["code"], causes(found, "log"), causes(found)) == (0, set(), {"late"}), found["said"]
    assert proofs(live, found) == {("b-late",)}


async def test_a_deletion_that_comes_after_it_fired_is_deleted_since_and_one_in_its_own_time_no_difference(live: Live) -> None:
    live.worker()
    a, b = [talk("a")], [talk("b")]
    whole = [insult(f"p{n}", NOON + n * MINUTE, "ab"[n % 2]) for n in range(4)]
    gone = deleted(whole[0], NOON + 2 * MINUTE + 30 * SECOND)
    await live.send([*a, *b])
    for one in whole:
        await live.send([one])
        await live.settled()
    assert [one.status for one in live.pileons()] == [Status.OPENED]
    assert (await live.command("forget", "--comment", "b-p1")).returncode == 0
    await live.settled()
    found = await verified(live, "forgotten")
    assert (found["code"], found["lines"], found["raw"]["transitions"]["equal"]) == (0, [], 2), found["said"]
    await sent(live, [gone])
    found = await verified(live, "deleted")
    assert (found["code"], causes(found, "log"), causes(found)) == (0, set(), {"deleted since"}), found["said"]
    assert proofs(live, found) == {("a-p0",)}


async def test_what_retention_took_is_retention_and_what_another_configuration_made_is_another_version(live: Live) -> None:
    live.worker()
    a, b = by_turns(12)
    await sent(live, [*a, *b])
    (live.folder / "other.toml").write_text("[pileon]\nmin_hostile_authors = 6\n")
    found = await verified(live, "other", "--config", str(live.folder / "other.toml"))
    assert (found["code"], causes(found, "log")) == (0, {"version"}) and "version" in causes(found), found["said"]
    assert {one["topic"] for line in found["lines"] for one in line["records"] if line["cause"] == "version"} == {"state.pileon"}
    before = await verified(live, "before")
    assert before["code"] == 0 and before["raw"]["lost"] == 0, before["said"]
    await _cut(live, COMMENTS_RAW.name, 0.5)
    found = await verified(live, "no-raw")
    assert (found["code"], causes(found, "log")) == (0, set()) and found["raw"]["lost"] >= 4, found["said"]
    assert "are gone from comments.raw" in found["said"]
    await _cut(live, PILEONS.name, 0.5)
    found = await verified(live, "no-pileons")
    assert found["code"] == 0 and "retention" in causes(found, "log"), found["said"]
    assert all({one["topic"] for one in line["records"]} == {"pileons"} for line in found["lines"] if line["cause"] == "retention")
    await _cut(live, COMMENTS_SCORED.name, 0.5)
    assert (await verified(live, "no-scored"))["code"] == 0


async def test_a_period_after_a_snapshot_begins_exactly_though_the_beginning_of_the_log_is_gone(another: Another) -> None:
    rule = {"WINDOW": "PT12H", "CASE_LENGTH": "PT6H", "MIN_HOSTILE_AUTHORS": "3"}
    live: Live = await another(**{f"THREADWATCH_PILEON__{name}": value for name, value in rule.items()})
    await dated(live)
    await put(live, said())
    live.worker("--stages", "pileon")
    await live.settled(["pileon"])
    await _stopped(live)
    since = str(NOON + 4 * DAY)
    whole = await verified(live, "whole", "--from", since, raw=())
    assert whole["code"] == 0 and whole["transitions"]["equal"] == whole["transitions"]["live"] > 0, whole["said"]
    assert {one["start"] for one in whole["starts"] if one["first"]} == {"snapshot"} and "from the snapshot of 2024-05-0" in whole["said"]
    await _cut(live, REPLIES.name, 0.3)
    found = await verified(live, "cut", "--from", since, raw=())
    for name in ("code", "approximate", "starts", "transitions", "unexplained"):
        assert found[name] == whole[name], (name, found["said"])
    found = await verified(live, "all", raw=())
    assert found["approximate"] and "APPROXIMATE START" in found["said"]
