"""A run through stages without a broker: ticks come with the virtual clock, batches change nothing."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Comment, Reply, Tick
from streams.replay.order import arrivals
from streams.replay.run import results, run
from streams.stages.step import Arrived, Step
from streams.topics import COMMENTS_RAW, PILEONS, REPLIES, Topic
from tests.support.builders import HOUR, MINUTE, NOON, SECOND, comment, pileon, reply


class Counts:
    """A store with one number."""

    def __init__(self) -> None:
        self.seen = 0

    def apply(self, _key: str, entry: int) -> None:
        self.seen = entry


class Tiny:
    """A stage that counts what it has seen into what it sends."""

    entry: Any = int
    outcomes: tuple[str, ...] = ("counted", "ticked")

    def __init__(self, name: str, source: Topic, sink: Topic | None) -> None:
        self.name = name
        self.source = source
        self.sink: Topic | None = sink

    def new_store(self) -> Counts:
        return Counts()

    def steps(self, store: Counts, arrived: Sequence[Arrived]) -> Iterable[Step]:
        for one in arrived:
            if isinstance(one.record, Tick):
                yield Step("ticked")
            else:
                yield Step("counted", self.made_of(one.record, store.seen + 1), (("seen", store.seen + 1),))

    def made_of(self, record: Comment | Reply, seen: int) -> tuple[Any, ...]:
        if isinstance(record, Comment):
            return (reply(record.author_id, record.created_at, comment_id=f"{record.comment_id}:{seen}"),) * (seen % 3)
        return (pileon(revision=seen, opened_by=record.comment_id),)


STAGES = (Tiny("first", COMMENTS_RAW, REPLIES), Tiny("second", REPLIES, PILEONS))


def at_minutes(*minutes: float) -> list[Arrived]:
    comments = [comment(f"c{n}", created_at=NOON + m * MINUTE, ingested_at=NOON + m * MINUTE) for n, m in enumerate(minutes)]
    return list(arrivals(comments))


def test_time_enters_the_replies_before_the_reply_of_a_new_minute_and_once_more_at_the_end() -> None:
    gathered = results(run(STAGES, at_minutes(0.5, 0.7, 3.2, 3.9)))
    kinds = [one.record.at if isinstance(one.record, Tick) else "reply" for one in gathered.inputs["second"]]
    assert kinds == [NOON, "reply", "reply", "reply", NOON + 3 * MINUTE, "reply", NOON + 3.9 * MINUTE]
    assert gathered.outcomes["second"] == {"counted": 4, "ticked": 3}


def test_a_tick_never_stands_before_what_had_arrived_by_then() -> None:
    gathered = results(run(STAGES, at_minutes(*(n * 0.31 for n in range(50))), ticks_every=7 * SECOND))
    times = [one.at for one in gathered.inputs["second"]]
    assert times == sorted(times)
    assert all(one.record.at == one.at for one in gathered.inputs["second"] if isinstance(one.record, Tick))


def test_a_clock_that_jumps_a_century_costs_one_tick_and_not_a_million() -> None:
    far = arrivals([comment("now"), comment("then", ingested_at=NOON + timedelta(days=36_500))])
    gathered = results(run(STAGES, far))
    assert gathered.outcomes["second"]["ticked"] == 3


def test_nothing_read_is_nothing_done() -> None:
    assert list(run(STAGES, [])) == []


def test_a_stage_reads_what_the_one_before_it_sent_with_the_arrival_that_brought_it() -> None:
    gathered = results(run(STAGES, at_minutes(0, 1)))
    replies = [one for one in gathered.inputs["second"] if isinstance(one.record, Reply)]
    assert [one.record for one in replies] == gathered.outputs["first"]
    assert [one.at for one in replies] == [NOON, NOON + MINUTE, NOON + MINUTE]


@given(st.lists(st.integers(0, 500), max_size=30), st.integers(1, 40))
def test_the_size_of_batches_changes_nothing(minutes: list[int], batch: int) -> None:
    recording = at_minutes(*sorted(minutes))
    once = results(run(STAGES, recording, batch=1))
    more = results(run(STAGES, recording, batch=batch))
    assert msgspec.json.encode(once) == msgspec.json.encode(more)


def test_ticks_that_come_oftener_change_no_output_of_stages_that_ignore_them() -> None:
    recording = at_minutes(0, 1, 2)
    assert (
        results(run(STAGES, recording, ticks_every=SECOND)).outputs["second"]
        == results(run(STAGES, recording, ticks_every=HOUR)).outputs["second"]
    )


def test_no_tick_claims_more_than_it_may() -> None:
    gathered = results(run(STAGES, at_minutes(0.5, 3.2, 3.4, 900), ticks_until=NOON + 3.4 * MINUTE))
    ticks = [one.record.at for one in gathered.inputs["second"] if isinstance(one.record, Tick)]
    assert ticks[-1] == NOON + 3.4 * MINUTE
    assert ticks == sorted(set(ticks))
