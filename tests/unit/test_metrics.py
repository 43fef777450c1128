"""What we count, and that nobody can make us count by name."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from streams.engine import DeadLetter, Effects, Message
from streams.instruments import OTHER
from streams.metrics import FLAGGED_AT, Metrics
from streams.metrics.cases import DECISIONS
from streams.metrics.sites import Sites
from streams.pseudonyms import comment_reference
from streams.records import Abstained, Action, Judgement, Severity, Status
from streams.site_names import shown
from streams.stages.alert import AlertDecision, Alerts, Config, Decision, Mute, Reason
from streams.stages.firing import Firing
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, pileon, scored
from tests.support.folding import folded

STAGES = {"score": ("scored", "deleted"), "pileon": ("counted", "late", "duplicate"), "alert": ("fire", "hold")}
SOURCES = {"news": ("sport", "letters"), "forum": ()}


def fresh(**options: object) -> tuple[CollectorRegistry, Metrics]:
    registry = CollectorRegistry()
    given_options = {"sources": SOURCES, "notes": ("text_cut",), "scorer": "linear@1"} | options
    return registry, Metrics(registry, STAGES, **given_options)  # type: ignore[arg-type]


def decision(decided: Decision = Decision.HOLD, reason: Reason = Reason.MUTED, **fields: Any) -> AlertDecision:
    given: dict[str, Any] = {
        "pileon_id": "case-1",
        "revision": 1,
        "severity": Severity.WARNING,
        "source": "news",
        "community": "sport",
        "at": NOON,
    }
    return AlertDecision(decision=decided, reason=reason, **(given | fields))


def series(registry: CollectorRegistry) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(sample.name, tuple(sorted(sample.labels.items()))) for family in families for sample in family.samples}


def test_everything_is_there_at_zero_before_the_first_comment():
    registry, _ = fresh()
    assert registry.get_sample_value("threadwatch_comments_consumed_total", {"source": "forum", "action": "deleted"}) == 0
    assert registry.get_sample_value("threadwatch_messages_total", {"stage": "pileon", "outcome": "late"}) == 0
    assert registry.get_sample_value("threadwatch_dead_lettered_total", {"topic": "replies", "reason": "not_json"}) == 0
    assert registry.get_sample_value("threadwatch_pileons_total", {"source": "news", "severity": "critical", "status": "closed"}) == 0
    assert registry.get_sample_value("threadwatch_alerts_posted_total", {"outcome": "failed"}) == 0
    assert registry.get_sample_value("threadwatch_alerts_decided_total", {"source": "forum", "decision": "escalate"}) == 0
    assert registry.get_sample_value("threadwatch_alerts_held_total", {"source": OTHER, "reason": "stale"}) == 0
    assert registry.get_sample_value("threadwatch_alert_delay_seconds_count", {"source": "news"}) == 0
    assert registry.get_sample_value("threadwatch_feedback_total", {"verdict": "not_one"}) == 0


def test_nothing_has_no_series_before_it_happens_but_what_is_of_partitions():
    registry, _ = fresh()
    families = list(registry.collect())
    assert {family.name for family in families if not family.samples} == {"threadwatch_consumer_lag", "threadwatch_standstill_seconds"}
    assert {sample.value for family in families for sample in family.samples if not sample.name.endswith("_created")} == {0}


def test_a_thousand_authors_make_no_series_and_leave_no_trace():
    registry, metrics = fresh(
        refer=lambda comment: comment_reference(bytes(32), comment.source, comment.conversation_id, comment.comment_id)
    )
    before = series(registry)
    for number in range(1000):
        name = f"author-{number}"
        record = scored(
            f"comment-{number}",
            toxicity=0.9,
            labels={f"label-{number}": 0.9, "insult": 0.9},
            source=f"source-{number}",
            community=f"community-{number}",
            conversation_id=f"talk-{number}",
            author_id=name,
            author_name=name,
            text=f"text-{number}",
            url=f"https://forum.example/{number}",
            scorer=f"scorer-{number}@1",
        )
        effects = Effects(
            outcomes=Counter({f"outcome-{number}": 1}), notes=Counter({f"note-{number}": 1}), outputs=[record], arrivals=[NOON]
        )
        metrics.turned("score", effects, 0.1, NOON)
        case: dict[str, Any] = {"source": f"source-{number}", "community": f"community-{number}", "pileon_id": f"p-{number}"}
        metrics.turned("pileon", Effects(outputs=[pileon(target_id=name, **case)]), 0.1, NOON)
        metrics.turned("alert", Effects(outputs=[decision(), decision(Decision.FIRE, Reason.NEW, **case)]), 0.1, NOON)
        metrics.alert_fired(f"source-{number}", f"p-{number}", NOON, NOON + MINUTE)
        metrics.dead_letter(f"topic-{number}", f"reason-{number}")
        metrics.alert_posted(f"outcome-{number}")
    assert series(registry) == before
    shown = generate_latest(registry).decode() + openmetrics(registry).decode()
    exemplar = r"\{pileon=\"p-\d+\"\}"  # an exemplar: opaque outside of tests
    names = ("author-", "talk-", "comment-", "text-", "forum.example", "source-", "community-", "p-")
    assert not [word for word in names if word in re.sub(exemplar, "", shown)]
    assert registry.get_sample_value("threadwatch_comments_consumed_total", {"source": OTHER, "action": "created"}) == 1000


def test_the_labels_are_the_agreed_ones_and_the_series_are_bounded():
    registry, _ = fresh()
    names = {label for _, labels in series(registry) for label, _ in labels}
    assert names == {
        "action",
        "community",
        "decision",
        "flagged",
        "label",
        "le",
        "note",
        "outcome",
        "reason",
        "receiver",
        "scorer",
        "severity",
        "source",
        "stage",
        "status",
        "topic",
        "verdict",
    }
    assert len(series(registry)) < 1300


def test_a_comment_is_counted_by_source_scorer_and_label():
    registry, metrics = fresh()
    metrics.comments_scored([scored(toxicity=0.9, labels={"insult": 0.85, "threat": 0.1}, scorer="linear@1")], NOON + 3 * SECOND, [NOON])
    value = registry.get_sample_value
    assert value("threadwatch_comments_scored_total", {"source": "news", "scorer": "linear@1"}) == 1
    assert value("threadwatch_comments_flagged_total", {"source": "news", "label": "insult"}) == 1
    assert value("threadwatch_comments_flagged_total", {"source": "news", "label": "threat"}) == 0
    assert value("threadwatch_toxicity_score_sum", {"source": "news", "label": "toxicity"}) == 0.9
    assert value("threadwatch_community_comments_total", {"source": "news", "community": "sport", "flagged": "true"}) == 1
    assert value("threadwatch_end_to_end_seconds_sum", {"source": "news"}) == 3
    assert value("threadwatch_event_time_watermark_seconds", {"source": "news"}) == NOON.timestamp()


def test_a_site_has_the_name_in_metrics_that_its_alerts_have():
    sites = Sites({"news.example.org": ["<!channel>", "sport"]})
    assert sites.source("news.example.org") == shown("news.example.org") == "news_example_org"
    assert sites.community("news_example_org", "<!channel>") == "_!channel_"
    assert set(sites.pairs()) == {
        (site, one) for site, those in (("news_example_org", ("_!channel_", "sport", OTHER)), (OTHER, (OTHER,))) for one in those
    }


def test_a_community_of_another_source_is_other():
    registry, metrics = fresh()
    metrics.comments_scored([scored(source="forum", community="sport")], NOON, [NOON])
    assert (
        registry.get_sample_value("threadwatch_community_comments_total", {"source": "forum", "community": OTHER, "flagged": "false"}) == 1
    )


@given(st.floats(0, 1))
def test_flagged_means_at_the_threshold_or_above(toxicity: float):
    registry, metrics = fresh()
    metrics.comments_scored([scored(toxicity=toxicity)], NOON, [NOON])
    flagged = registry.get_sample_value("threadwatch_comments_flagged_total", {"source": "news", "label": "toxicity"})
    assert flagged == (1 if toxicity >= FLAGGED_AT else 0)


def test_what_no_scorer_can_read_is_consumed_and_neither_clean_nor_flagged():
    registry, metrics = fresh()
    unread = msgspec.structs.replace(scored(created_at=NOON), toxicity=None, labels={}, abstained=Abstained.LANGUAGE, language="de")
    metrics.comments_scored([unread], NOON + SECOND, [NOON])
    value = registry.get_sample_value
    assert value("threadwatch_comments_abstained_total", {"source": "news", "reason": "language"}) == 1
    assert value("threadwatch_comments_consumed_total", {"source": "news", "action": "created"}) == 1
    assert value("threadwatch_toxicity_score_count", {"source": "news", "label": "toxicity"}) == 0
    assert not value("threadwatch_community_comments_total", {"source": "news", "community": "sport", "flagged": "false"})
    assert value("threadwatch_event_time_watermark_seconds", {"source": "news"}) == NOON.timestamp()


def test_a_deletion_is_consumed_but_has_no_score():
    registry, metrics = fresh()
    metrics.comments_scored([scored(action=Action.DELETED, scorer="none@0", toxicity=0.0)], NOON, [NOON])
    assert registry.get_sample_value("threadwatch_toxicity_score_count", {"source": "news", "label": "toxicity"}) == 0


def test_a_writer_whose_clock_is_years_ahead_does_not_move_the_watermark_past_now():
    registry, metrics = fresh()
    metrics.comments_scored([scored(created_at=datetime(9999, 12, 31, tzinfo=UTC), ingested_at=NOON)], NOON, [NOON])
    assert registry.get_sample_value("threadwatch_event_time_watermark_seconds", {"source": "news"}) == NOON.timestamp()


def test_the_watermark_never_goes_back_and_estimated_times_do_not_touch_it():
    registry, metrics = fresh()
    metrics.comments_scored([scored(created_at=NOON)], NOON + HOUR, [NOON])
    metrics.comments_scored([scored(created_at=NOON - HOUR)], NOON + HOUR, [NOON])
    metrics.comments_scored([scored(created_at=NOON + MINUTE, created_at_is_estimated=True)], NOON + HOUR, [NOON])
    assert registry.get_sample_value("threadwatch_event_time_watermark_seconds", {"source": "news"}) == NOON.timestamp()
    assert registry.get_sample_value("threadwatch_end_to_end_seconds_count", {"source": "news"}) == 2


def test_a_batch_counts_outcomes_notes_and_dead_letters_of_a_prefixed_instance():
    registry, metrics = fresh()
    message = Message("two.comments.raw", 0, 7, 0, None, b"{")
    effects = Effects(outcomes=Counter(scored=2), notes=Counter(text_cut=1), dead_letters=[DeadLetter(message, "not_json", "cut off")])
    metrics.turned("score", effects, 0.2, NOON)
    value = registry.get_sample_value
    assert value("threadwatch_messages_total", {"stage": "score", "outcome": "scored"}) == 2
    assert value("threadwatch_notes_total", {"stage": "score", "note": "text_cut"}) == 1
    assert value("threadwatch_dead_lettered_total", {"topic": "comments.raw", "reason": "not_json"}) == 1
    assert value("threadwatch_stage_batch_size_sum", {"stage": "score"}) == 3
    assert value("threadwatch_stage_seconds_sum", {"stage": "score"}) == 0.2


def test_open_pile_ons_are_set_anew_each_time():
    registry, metrics = fresh()
    metrics.pileons_open([pileon(severity=Severity.CRITICAL), pileon(severity=Severity.CRITICAL), pileon()])
    labels = {"source": "news", "severity": "critical"}
    assert registry.get_sample_value("threadwatch_pileons_active", labels) == 2
    metrics.pileons_open([])
    assert registry.get_sample_value("threadwatch_pileons_active", labels) == 0


def test_of_open_pile_ons_those_that_people_were_told_of_count_by_the_worst_that_was_told():
    registry, metrics = fresh()
    stage = Alerts(Config(), ())
    store = stage.new_store()
    muted = Alerts(Config(), (Mute(target="bob", reason="a test", since=NOON - DAY, until=NOON + DAY),))
    folded(stage, [pileon("told"), pileon("worse"), pileon("worse", 2, Status.ONGOING, severity=Severity.CRITICAL)], store)
    folded(stage, [pileon("stale", opening_delay_seconds=90_000.0), pileon("over"), pileon("over", 2, Status.CLOSED)], store)
    folded(muted, [pileon("muted", target_id="bob", severity=Severity.CRITICAL)], store)

    def told(severity: str) -> float | None:
        return registry.get_sample_value("threadwatch_pileons_told", {"source": "news", "severity": severity})

    assert (told("warning"), told("critical")) == (0, 0)
    metrics.pileons_told(entry for entry in store.entries.values() if isinstance(entry, Firing))
    assert (told("warning"), told("critical")) == (1, 1)
    metrics.pileons_told([])
    assert (told("warning"), told("critical")) == (0, 0)


def test_transitions_are_counted_and_the_size_once_at_the_close():
    registry, metrics = fresh()
    metrics.turned("pileon", Effects(outputs=[pileon(), pileon(status=Status.CLOSED, hostile_authors=9)]), 0.0, NOON)
    assert registry.get_sample_value("threadwatch_pileons_total", {"source": "news", "severity": "warning", "status": "opened"}) == 1
    assert registry.get_sample_value("threadwatch_pileon_authors_count") == 1
    assert registry.get_sample_value("threadwatch_pileon_authors_sum") == 9


def test_partitions_that_went_to_another_worker_disappear():
    registry, metrics = fresh()
    metrics.lag("comments.raw", {0: 5, 1: 0})
    metrics.lag("two.replies", {3: 1})
    metrics.lag("comments.raw", {1: 2})
    assert registry.get_sample_value("threadwatch_consumer_lag", {"topic": "comments.raw", "partition": "0"}) is None
    assert registry.get_sample_value("threadwatch_consumer_lag", {"topic": "comments.raw", "partition": "1"}) == 2
    assert registry.get_sample_value("threadwatch_consumer_lag", {"topic": "replies", "partition": "3"}) == 1


def test_posts_verdicts_ticks_and_scorer_calls():
    registry, metrics = fresh()
    metrics.alert_posted("ok", 3)
    metrics.judged(Judgement.NOT_ONE)
    metrics.ticked()
    metrics.batch_scored(32, 0.5)
    value = registry.get_sample_value
    assert value("threadwatch_alerts_posted_total", {"outcome": "ok"}) == 3
    assert value("threadwatch_feedback_total", {"verdict": "not_one"}) == 1
    assert value("threadwatch_ticks_total") == 1
    assert value("threadwatch_score_batch_size_sum") == 32


def test_what_was_decided_is_counted_by_site_and_what_was_held_by_its_reason_too():
    registry, metrics = fresh()
    told = [decision(Decision.FIRE, Reason.NEW), decision(), decision(source="forum"), decision(source="nowhere"), decision()]
    metrics.turned("alert", Effects(outputs=told), 0.0, NOON)
    value = registry.get_sample_value
    assert value("threadwatch_alerts_decided_total", {"source": "news", "decision": "fire"}) == 1
    assert value("threadwatch_alerts_decided_total", {"source": "news", "decision": "hold"}) == 2
    assert value("threadwatch_alerts_held_total", {"source": "news", "reason": "muted"}) == 2
    assert value("threadwatch_alerts_held_total", {"source": "forum", "reason": "muted"}) == 1
    assert value("threadwatch_alerts_held_total", {"source": OTHER, "reason": "muted"}) == 1


def test_every_reason_is_of_one_decision():
    assert DECISIONS.keys() == {str(reason) for reason in Reason}
    assert set(DECISIONS.values()) == {str(decided) for decided in Decision}


def test_the_time_to_an_alert_is_measured_by_site():
    registry, metrics = fresh()
    metrics.alert_fired("news", "case-1", NOON, NOON + 90 * SECOND)
    metrics.alert_fired("nowhere", "case-2", NOON + SECOND, NOON)  # a clock that is ahead
    assert registry.get_sample_value("threadwatch_alert_delay_seconds_sum", {"source": "news"}) == 90
    assert registry.get_sample_value("threadwatch_alert_delay_seconds_count", {"source": OTHER}) == 1
    assert registry.get_sample_value("threadwatch_alert_delay_seconds_sum", {"source": OTHER}) == 0


def test_what_runs_is_told_once():
    registry, metrics = fresh()
    metrics.describe(version="0.1.0", python="3.11.9", scorer="linear@1", configuration="abc123")
    assert registry.get_sample_value("threadwatch_config_info", {"digest": "abc123"}) == 1
    assert "threadwatch_telling_info" not in {family.name for family in registry.collect()}, "it does not say whom it tells"
    with pytest.raises(ValueError, match="Duplicated"):
        metrics.describe(version="0.1.0", python="3.11.9", scorer="linear@1", configuration="abc123")


def test_every_metric_has_help_and_the_prefix():
    registry, _ = fresh()
    for family in registry.collect():
        assert family.name.startswith("threadwatch_")
        assert family.documentation.endswith("."), family.name
