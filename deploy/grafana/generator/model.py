"""Model: what the scorer gives, whether it gives something else than before, and what it costs."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from deploy.grafana.generator.frame import SOURCE, add, choice, dashboard, runbook
from deploy.grafana.generator.looks import GREY, ORANGE, SKY, Line, Steps, cycle
from deploy.grafana.generator.panels import A_MINUTE, SECONDS, SHARE, AnyPanel, Column, Query, bars, heat, lines, number, rows

SHIFT: Final = Steps(look=0.1, bad=0.15)
"""0.15 as the alert ScoreDistributionShift has it; that compares three hours with the day before them, and only where enough was scored."""
BEFORE: Final = "$before"
_TOXICITY: Final = f'label="toxicity", {SOURCE}'
_BANDS: Final = (("", "0.2"), ("0.2", "0.5"), ("0.5", "0.8"), ("0.8", "0.95"), ("0.95", "1.0"))
_LABELS: Final = cycle(("toxicity", "insult", "obscene", "threat", "identity_attack", "severe_toxicity", "sexual_explicit", "other"))
_NOW_AND_BEFORE: Final = {"now": Line(SKY), "before": Line(GREY, dashed=True)}


def built() -> build.Dashboard:
    """Return the dashboard."""
    said = "What does the scorer give, does it give something else than before, and what does it cost?"
    before = choice(
        "before", "Compare with", "How long before: the shift panels compare the last hour with that hour.", ("1h", "1d", "7d"), "1d"
    )
    made = dashboard("model", "threadwatch · Model", said, "now-24h", [before])
    add(made, "Now", *_now(), _scorers())
    add(made, "Scores", _heat(), _bands(), _flagged())
    add(made, "Against before", _shift(), _share_against_before())
    add(made, "What it costs", _seconds(), _batches(), _texts())
    return made


def _cdf(offset: str = "") -> str:
    """Return the share of scores up to each bucket's bound, per site, over an hour."""
    some = f"increase(threadwatch_toxicity_score_bucket{{{_TOXICITY}}}[1h]{offset})"
    every = f"increase(threadwatch_toxicity_score_count{{{_TOXICITY}}}[1h]{offset})"
    return f"sum by (source, le) ({some}) / on (source) group_left () (sum by (source) ({every}) > 0)"


def _distance() -> str:
    """Return the Kolmogorov-Smirnov distance, as far as buckets tell: the largest difference of the two distributions."""
    return f"max by (source) (abs({_cdf()} - {_cdf(f' offset {BEFORE}')}))"


def _flagged_share(window: str, offset: str = "", by: str = "") -> str:
    flagged = f"sum{by}(rate(threadwatch_comments_flagged_total{{{_TOXICITY}}}[{window}]{offset}))"
    return f"{flagged} / (sum{by}(rate(threadwatch_comments_scored_total{{{SOURCE}}}[{window}]{offset})) > 0)"


def _mean(name: str, window: str) -> str:
    return f"sum(rate({name}_sum[{window}])) / (sum(rate({name}_count[{window}])) > 0)"


def _now() -> tuple[AnyPanel, ...]:
    quick = "sum by (le) (rate(threadwatch_score_seconds_bucket[5m]))"
    return (
        number("Shift against before", "The most that any site's score distribution of the last hour differs from that of the hour "
               "before (Kolmogorov-Smirnov distance, 0 to 1). A new scorer, another language or a raid moves it. Nothing to compare "
               "with on the first day. The alert of it compares three hours with the day before.",
               Query(f"max({_distance()})"), steps=SHIFT, span=5, height=5, decimals=3, no_value="nothing to compare with",
               links=[runbook("ScoreDistributionShift")]),
        number("Flagged, of all scored", "Comments of the last hour that scored 0.8 or more for toxicity.", Query(_flagged_share("1h")),
               unit=SHARE, steps=Steps(look=0.1, bad=0.2), span=5, height=5, decimals=1, no_value="no comments",
               links=[runbook("ToxicShareHigh")]),
        number("Seconds a batch", "95 of 100 batches of the last 5 minutes took the scorer less: its own time, without the transaction.",
               Query(f"histogram_quantile(0.95, {quick})"), unit=SECONDS, steps=Steps(look=1, bad=5), span=5, height=5, decimals=2,
               no_value="no batches", links=[runbook("ScorerSlow")]),
    )  # fmt: skip


def _scorers() -> AnyPanel:
    scored = f"sum by (scorer) (increase(threadwatch_comments_scored_total{{{SOURCE}}}[24h])) > 0"
    columns = (Column("Scorer", label="scorer"), Column("Workers now", "count by (scorer) (threadwatch_model_info)"),
               Column("Comments in 24 h", f"round({scored})"))  # fmt: skip
    said = "Name and version of what scores, on how many workers now, and how much of the last 24 hours each version scored."
    return rows("Scorer", said, columns, span=9, height=5, links=[runbook("ScorerMissing")])


def _heat() -> AnyPanel:
    return heat(
        "Toxicity scores over time",
        "How many comments a second scored up to each bound, and above the one below it. The lighter, the more. "
        "A change in colour of whole rows is a shift. A point is one comment, the most toxic of its batch, by an opaque reference.",
        Query(f"sum by (le) (rate(threadwatch_toxicity_score_bucket{{{_TOXICITY}}}[$__rate_interval]))", "{{le}}", exemplars=True),
        span=9, height=9,
        links=[runbook("ToxicShareHigh")],
    )  # fmt: skip


def _bands() -> AnyPanel:
    every = f"(sum(increase(threadwatch_toxicity_score_count{{{_TOXICITY}}}[1h])) > 0)"
    queries = [Query(f"{_band(low, high)} / {every}", f"up to {high}" if not low else f"{low} to {high}") for low, high in _BANDS]
    return bars("Scores of the last hour", "Share of comments per band of toxicity. From 0.8 on a comment is flagged.", *queries,
                unit=SHARE, most=1, span=7, height=9, decimals=1, links=[runbook("ToxicShareHigh")])  # fmt: skip


def _band(low: str, high: str) -> str:
    upto = f'sum(increase(threadwatch_toxicity_score_bucket{{le="{high}", {_TOXICITY}}}[1h]))'
    return f'({upto} - sum(increase(threadwatch_toxicity_score_bucket{{le="{low}", {_TOXICITY}}}[1h])))' if low else upto


def _flagged() -> AnyPanel:
    flagged = f"sum by (label) (rate(threadwatch_comments_flagged_total{{{SOURCE}}}[$__rate_interval]))"
    return lines(
        "Flagged a minute, by label",
        "Comments that scored 0.8 or more on a label; a comment may have several. Labels that the scorer does not give are left out.",
        Query(f"{flagged} * 60 and on (label) sum by (label) (threadwatch_toxicity_score_count) > 0", "{{label}}"),
        unit=A_MINUTE, looks=_LABELS, span=8, height=9, links=[runbook("ToxicShareHigh")],
    )  # fmt: skip


def _shift() -> AnyPanel:
    return lines(
        "Shift against before, by site", "Largest difference between the score distributions of the last hour and the hour before (as "
        "chosen above), 0 to 1. The alert of it compares three hours with the day before.",
        Query(_distance(), "{{source}}"), steps=SHIFT, span=12, links=[runbook("ScoreDistributionShift")],
    )  # fmt: skip


def _share_against_before() -> AnyPanel:
    return lines(
        "Flagged share, now and before", "Share of comments that scored 0.8 or more for toxicity, and the same so long before.",
        Query(_flagged_share("$__rate_interval"), "now"), Query(_flagged_share("$__rate_interval", f" offset {BEFORE}"), "before"),
        unit=SHARE, looks=_NOW_AND_BEFORE, span=12, links=[runbook("ToxicShareHigh")],
    )  # fmt: skip


def _seconds() -> AnyPanel:
    buckets = "sum by (le) (rate(threadwatch_score_seconds_bucket[$__rate_interval]))"
    return lines(
        "Seconds a batch over time",
        "Half of the batches, and 95 of 100, took the scorer less than this: its own time, without the transaction.",
        Query(f"histogram_quantile(0.5, {buckets})", "half"), Query(f"histogram_quantile(0.95, {buckets})", "95 of 100"), unit=SECONDS,
        looks={"half": Line(SKY), "95 of 100": Line(ORANGE, dashed=True)}, links=[runbook("ScorerSlow")],
    )  # fmt: skip


def _batches() -> AnyPanel:
    return lines(
        "Texts a batch", "Mean number of texts scored at once: grows with load.",
        Query(_mean("threadwatch_score_batch_size", "$__rate_interval"), "texts"), looks={"texts": Line(SKY)},
        links=[runbook("ScorerSlow")],
    )  # fmt: skip


def _texts() -> AnyPanel:
    seconds = "sum(rate(threadwatch_score_seconds_sum[$__rate_interval]))"
    return lines(
        "Seconds a text", "The scorer's own time for each text. Small batches cost more each.",
        Query(f"{seconds} / (sum(rate(threadwatch_score_batch_size_sum[$__rate_interval])) > 0)", "a text"), unit=SECONDS,
        looks={"a text": Line(SKY)}, links=[runbook("ScorerSlow")],
    )  # fmt: skip
