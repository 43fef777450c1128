"""One comment's claim about its own arrival must not move time for anybody else."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from streams import engine
from streams.engine import Effects, Message
from streams.live.ticks import tick_at
from streams.scorers import Toxicity
from streams.stages.score import CLOCK_AHEAD, Score
from streams.stages.step import Arrived
from streams.topics import COMMENTS_RAW
from tests.support.builders import NOON, comment, reply


class _Calm:
    name = "calm@1"

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        return [Toxicity(0.1) for _ in texts]


def _scored(claimed: object) -> tuple[object, tuple[str, ...]]:
    stage = Score(_Calm())
    (step,) = stage.steps(stage.new_store(), [Arrived(claimed, NOON)])
    return step.outputs[0].comment.ingested_at, step.notes


def test_an_arrival_in_the_year_8999_is_the_brokers_own_and_noted():
    at, notes = _scored(msgspec.structs.replace(comment(), ingested_at=NOON.replace(year=8999)))
    assert at == NOON
    assert CLOCK_AHEAD in notes


def test_an_arrival_as_of_then_is_believed():
    then = NOON - timedelta(days=300)
    assert _scored(msgspec.structs.replace(comment(), created_at=then, ingested_at=then)) == (then, ())


def test_a_tick_is_never_later_than_what_the_broker_says_it_is():
    now = int(NOON.timestamp() * 1000)
    lie = int(NOON.replace(year=8999).timestamp() * 1000)
    assert tick_at(lie, now - 60_000, now) == NOON
    assert tick_at(now - 5_000, now - 3_000, now) == NOON - timedelta(seconds=2)


def test_the_logs_clock_never_passes_the_time_at_which_its_message_was_written():
    record = msgspec.structs.replace(reply(), ingested_at=NOON.replace(year=8999))
    effects, at = Effects(), int(NOON.timestamp() * 1000)
    engine._watch_clock(effects, record, Message(COMMENTS_RAW.name, 0, 0, at, None, None))
    assert (effects.clock_ms, effects.clock_seen_ms) == (at, at)
