"""An exemplar leads from a number to a comment, for who has the installation key and the comments; to others it says nothing."""

import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Exemplar

from streams.instruments import DELAY_BUCKETS, Batches
from streams.metrics import Metrics
from streams.metrics.comments import EXEMPLAR_EVERY
from streams.pseudonyms import comment_reference
from streams.records import Action, Comment
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, scored

KEY = bytes(range(32))


def refer(comment: Comment) -> str:
    return comment_reference(KEY, comment.source, comment.conversation_id, comment.comment_id)


def fresh() -> tuple[CollectorRegistry, Metrics]:
    registry = CollectorRegistry()
    return registry, Metrics(registry, {"score": ("scored",)}, sources={"news": ()}, scorer="linear@1", refer=refer)


def exemplars(registry: CollectorRegistry) -> Iterator[tuple[str, str, Exemplar]]:
    """Yield (metric, bound, exemplar) of what is served in OpenMetrics, as a Prometheus that scrapes asks for it."""
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            if sample.exemplar:
                yield sample.name, sample.labels["le"], sample.exemplar


def shown(registry: CollectorRegistry) -> dict[str, str]:
    return {name.removeprefix("threadwatch_"): next(iter(one.labels.values())) for name, _, one in exemplars(registry)}


def test_a_batch_shows_its_most_toxic_its_oldest_and_its_longest_waiting_comment():
    registry, metrics = fresh()
    toxic, old, late = scored("toxic", 0.9), scored("old", created_at=NOON - HOUR), scored("late")
    metrics.comments_scored([toxic, old, late], NOON + MINUTE, [NOON, NOON, NOON - SECOND])
    assert shown(registry) == {
        "toxicity_score_bucket": refer(toxic.comment),
        "end_to_end_seconds_bucket": refer(old.comment),
        "scoring_delay_seconds_bucket": refer(late.comment),
    }


def test_a_reference_is_opaque_short_and_depends_on_the_key_and_on_all_that_names_the_comment():
    assert re.fullmatch("[0-9A-Z]{16}", comment_reference(KEY, "news", "talk", "c1"))
    others = [(KEY, "blog", "talk", "c1"), (KEY, "news", "walk", "c1"), (KEY, "news", "talk", "c2"), (bytes(32), "news", "talk", "c1")]
    assert len({comment_reference(*one) for one in [(KEY, "news", "talk", "c1"), *others]}) == 5


def test_no_exemplar_holds_an_id_or_a_name():
    registry, metrics = fresh()
    metrics.comments_scored([scored("comment-1", 0.9, author_id="ann", conversation_id="talk-1")], NOON, [NOON])
    served = generate_latest(registry).decode()
    assert "# {" in served
    assert not [word for word in ("comment-1", "ann", "talk-1") if word in served]


def test_of_a_site_no_more_is_shown_than_a_scrape_can_see():
    registry, metrics = fresh()
    first = scored("first", 0.5)
    metrics.comments_scored([first], NOON, [NOON])
    metrics.comments_scored([scored("soon after", 0.5)], NOON + EXEMPLAR_EVERY - SECOND, [NOON])
    assert shown(registry)["toxicity_score_bucket"] == refer(first.comment)
    then = scored("then", 0.5)
    metrics.comments_scored([then], NOON + EXEMPLAR_EVERY, [NOON])
    assert shown(registry)["toxicity_score_bucket"] == refer(then.comment)


def test_deletions_estimates_and_history_are_no_exemplars_of_what_they_are_not_counted_in():
    registry, metrics = fresh()
    metrics.comments_scored([scored("gone", action=Action.DELETED, scorer="none@0")], NOON, [NOON])
    assert not shown(registry)
    metrics.comments_scored([scored("guess", created_at=NOON - 2 * DAY, created_at_is_estimated=True)], NOON, [NOON])
    assert shown(registry).keys() == {"toxicity_score_bucket"}


def test_an_alerts_delay_shows_the_case_as_its_alert_names_it():
    registry, metrics = fresh()
    metrics.alert_fired("news", "7q4f", NOON, NOON + MINUTE)
    assert [(bound, one.labels, one.value) for _, bound, one in exemplars(registry)] == [("60.0", {"pileon": "7q4f"}, 60.0)]


@given(st.floats(0, 1e6))
def test_an_exemplar_stands_at_the_bucket_that_its_amount_is_counted_in(amount: float):
    registry: Any = CollectorRegistry()
    histogram = Batches("seconds", "Some.", registry=registry, buckets=DELAY_BUCKETS)
    histogram.observe_all([amount])
    histogram.show(amount, NOON, {"comment": "7Q4F"})
    counted = next(bound for bound in (*DELAY_BUCKETS, float("inf")) if registry.get_sample_value("seconds_bucket", {"le": le(bound)}))
    assert [float(bound) for _, bound, _ in exemplars(registry)] == [counted]


def le(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(float(bound))
