"""A batch counted at once is the same as its comments one by one; and what counts as a delay of ours."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from streams import engine
from streams.instruments import DELAY_BUCKETS, OTHER, SCORE_BUCKETS, Batches
from streams.live.timed_scorer import TimedScorer
from streams.metrics import FLAGGED_AT, LABELS, Metrics
from streams.records import Action, ScoredComment
from streams.scorers import Toxicity
from streams.stages.score import Score
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, arrived, comment, scored

SOURCES = {"news": ("sport",), "forum": ()}


def fresh() -> tuple[CollectorRegistry, Metrics]:
    registry = CollectorRegistry()
    return registry, Metrics(registry, {"score": ("scored",)}, sources=SOURCES, scorer="linear@1")


def shown(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def late(registry: CollectorRegistry, source: str = "news") -> tuple[float | None, float | None]:
    """Return how many comments have a delay of ours, and their seconds."""
    name, labels = "threadwatch_scoring_delay_seconds", {"source": source}
    return registry.get_sample_value(f"{name}_count", labels), registry.get_sample_value(f"{name}_sum", labels)


@given(st.lists(st.floats(0, 1e6, allow_subnormal=False)))
def test_many_observations_at_once_fill_the_buckets_that_one_by_one_they_fill(amounts: list[float]):
    registries = CollectorRegistry(), CollectorRegistry()
    at_once = Batches("seconds", "Some.", registry=registries[0], buckets=DELAY_BUCKETS)
    one_by_one = Histogram("seconds", "Some.", registry=registries[1], buckets=DELAY_BUCKETS)
    at_once.observe_all(amounts)
    for amount in sorted(amounts):
        one_by_one.observe(amount)
    buckets = [[line for line in shown(registry) if "_sum" not in line] for registry in registries]
    assert buckets[0] == buckets[1]
    assert registries[0].get_sample_value("seconds_sum") == pytest.approx(registries[1].get_sample_value("seconds_sum"))


RECORDS = st.builds(
    lambda source, community, toxicity, labels, scorer, action, minutes, estimated: scored(
        source=source, community=community, toxicity=toxicity, labels=labels, scorer=scorer, action=action,
        created_at=NOON + minutes * MINUTE, created_at_is_estimated=estimated,
    ),
    st.sampled_from(["news", "forum", "nowhere", "\u202enews", 'x"} 1\nup 0', ""]), st.sampled_from(["sport", "letters"]),
    st.integers(0, 4).map(lambda quarter: quarter / 4),
    st.dictionaries(st.sampled_from(["toxicity", "insult", "a label of theirs"]), st.just(0.5)),
    st.sampled_from(["linear@1", "none@0", "theirs@9"]), st.sampled_from([Action.CREATED, Action.EDITED]),
    st.integers(-3000, 30), st.booleans(),
)  # fmt: skip


@given(st.lists(RECORDS, max_size=12))
def test_a_batch_counts_as_its_comments_one_by_one_and_makes_no_series(records: Sequence[ScoredComment]):
    (at_once, batch), (one_by_one, single) = fresh(), fresh()
    names = {line.rpartition(" ")[0] for line in shown(at_once)}
    batch.comments_scored(records, NOON + HOUR, [NOON] * len(records))
    for record in records:
        single.comments_scored([record], NOON + HOUR, [NOON])
    assert shown(at_once) == shown(one_by_one)
    assert {line.rpartition(" ")[0] for line in shown(at_once)} == names


def naively(records: Sequence[ScoredComment], now: datetime, arrived_at: datetime) -> CollectorRegistry:
    """Return what the client's own instruments make of the records, one observation at a time."""
    registry = CollectorRegistry()
    names = "threadwatch_toxicity_score", "threadwatch_end_to_end_seconds", "threadwatch_scoring_delay_seconds"
    toxicity = Histogram(names[0], "-", ["source", "label"], registry=registry, buckets=SCORE_BUCKETS)
    age, wait = (Histogram(name, "-", ["source"], registry=registry, buckets=DELAY_BUCKETS) for name in names[1:])
    consumed = Counter("threadwatch_comments_consumed", "-", ["source", "action"], registry=registry)
    flagged = Counter("threadwatch_comments_flagged", "-", ["source", "label"], registry=registry)
    for one in records:
        source = one.comment.source if one.comment.source in SOURCES else OTHER
        consumed.labels(source, one.comment.action).inc()
        if one.scorer == "none@0":
            continue
        for label, score in (one.labels | {"toxicity": one.toxicity}).items():
            known = label if label in LABELS else OTHER
            toxicity.labels(source, known).observe(score)
            flagged.labels(source, known).inc(score >= FLAGGED_AT)
        if not one.comment.created_at_is_estimated:
            age.labels(source).observe(max(0.0, (now - one.comment.created_at).total_seconds()))
        if arrived_at - one.comment.created_at < DAY:
            wait.labels(source).observe((now - arrived_at).total_seconds())
    return registry


@given(st.lists(RECORDS, max_size=12))
def test_a_batch_counts_what_the_clients_own_instruments_count_one_by_one(records: Sequence[ScoredComment]):
    registry, metrics = fresh()
    metrics.comments_scored(records, NOON + HOUR, [NOON] * len(records))
    for family in naively(records, NOON + HOUR, NOON).collect():
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                assert registry.get_sample_value(sample.name, sample.labels) == pytest.approx(sample.value), (sample.name, sample.labels)


def test_a_delay_of_ours_is_measured_from_arrival_at_the_broker_not_from_writing():
    registry, metrics = fresh()
    written_hours_ago = scored(created_at=NOON - 5 * HOUR, scorer="linear@1")
    metrics.comments_scored([written_hours_ago], NOON + 3 * SECOND, [NOON])
    assert late(registry) == (1, 3)
    assert registry.get_sample_value("threadwatch_end_to_end_seconds_sum", {"source": "news"}) == (5 * HOUR + 3 * SECOND).total_seconds()


@pytest.mark.parametrize("age", [DAY, 400 * DAY])
def test_history_that_is_ingested_as_of_then_is_no_delay_of_ours_however_long_it_waits(age: timedelta):
    registry, metrics = fresh()
    metrics.comments_scored([scored(created_at=NOON - age, scorer="linear@1")], NOON + HOUR, [NOON])
    assert late(registry) == (0, 0)


def test_a_broker_whose_clock_is_ahead_makes_no_negative_delay():
    registry, metrics = fresh()
    metrics.comments_scored([scored(scorer="linear@1")], NOON, [NOON + MINUTE])
    assert late(registry) == (1, 0)


def test_a_deletion_waits_for_no_score():
    registry, metrics = fresh()
    metrics.comments_scored([scored(action=Action.DELETED, scorer="none@0")], NOON + HOUR, [NOON])
    assert late(registry) == (0, 0)


def test_a_source_that_is_not_in_the_settings_is_measured_as_other():
    registry, metrics = fresh()
    metrics.comments_scored([scored(source="nowhere", scorer="linear@1")], NOON + SECOND, [NOON])
    assert late(registry, OTHER) == (1, 1)


def test_every_readable_message_has_its_arrival_beside_its_step():
    effects = engine.Effects()
    stage = Score(_Slow())
    engine.fold(stage, [arrived(comment("a"), NOON), arrived(comment("b"), NOON + SECOND)], stage.new_store(), effects)
    assert effects.arrivals == [NOON, NOON + SECOND]
    assert len(effects.arrivals) == len(effects.steps) == len(effects.outputs)


def test_a_worker_tells_when_it_started():
    registry, metrics = fresh()
    assert registry.get_sample_value("threadwatch_start_time_seconds") == 0
    metrics.started(NOON)
    assert registry.get_sample_value("threadwatch_start_time_seconds") == NOON.timestamp()


class _Slow:
    """Gives every text a half."""

    name = "slow@1"
    at_most = 7

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        return [Toxicity(0.5) for _ in texts]


def test_a_scorers_calls_are_told_with_their_number_of_texts_and_its_limit_is_kept():
    told: list[tuple[int, bool]] = []
    timed = TimedScorer(_Slow())
    timed.told = lambda texts, seconds: told.append((texts, seconds >= 0))
    computed: list[bool] = []
    timed.tell_computed(lambda: computed.append(True))
    assert timed.score(["a", "b"]) == [Toxicity(0.5), Toxicity(0.5)]
    assert (told, computed) == ([(2, True)], [True])
    assert (Score(timed).at_most, timed.name) == (7, "slow@1")
