"""Pipeline, for operators: does everything flow, how late is it, and what went wrong."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from deploy.grafana.generator.frame import SOURCE, add, critical_alerts, dashboard, runbook
from deploy.grafana.generator.looks import GREEN, GREY, ORANGE, PINK, SKY, VERMILLION, YELLOW, Line, Steps, cycle
from deploy.grafana.generator.panels import (
    A_MINUTE,
    A_SECOND,
    SECONDS,
    SHARE,
    AnyPanel,
    Column,
    Query,
    bars,
    heat,
    lines,
    most,
    number,
    rows,
)

OBJECTIVE: Final = 0.999
"""Share of comments scored within a minute of arrival."""
SLO: Final = Steps(look=OBJECTIVE, bad=0.99, below=True)
LAG: Final = Steps(look=1000, bad=5000)
"""5,000 as the alert ConsumerLagGrowing has it."""
EVENT_LAG: Final = Steps(look=300, bad=1800)
"""1,800 s as the alert EventTimeLag has it."""
DEAD: Final = Steps(look=0.001, bad=0.01)
"""1 % as the alert DeadLetterRate has it."""
STANDSTILL: Final = Steps(look=10, bad=30)
"""30 s as the alerts ScoringStalled and StageStalled have it."""
_STAGES: Final = cycle(("score", "address", "pileon", "alert"))
_TOPICS: Final = cycle(("comments.raw", "comments.scored", "replies", "pileons"))
_UP: Final = 'up{job="threadwatch"}'
_WORK: Final = f"({_UP} - on (instance) (threadwatch_broker_awaited_seconds > bool 0) or on (instance) {_UP})"
"""1: answers and works; 0: does not answer, or waits for Kafka to begin."""
_WHAT: Final = "threadwatch_build_info * on (instance) group_left (digest) threadwatch_config_info"
_BATCH: Final = "threadwatch_stage_batch_size"


def built() -> build.Dashboard:
    """Return the dashboard."""
    made = dashboard("pipeline", "threadwatch · Pipeline", "Does everything flow, how late is it, and what went wrong?", "now-3h")
    add(made, "Now", *_now(), _slo_over_time(), _firing())
    add(made, "Flow", _rate(), _lag(), _event_lag(), _delay(), _alert_delay())
    add(made, "Work", _seconds(), _seconds_spread(), _batches(), _standing(), _ticks())
    add(made, "Trouble", _dead(), _odd(), _posts(), _webhooks(), _waiting(), _up(), _runs())
    return made


def _within_a_minute(window: str, by: str = "") -> str:
    scored = f'sum{by}(rate(threadwatch_scoring_delay_seconds_bucket{{le="60.0", {SOURCE}}}[{window}]))'
    return f"{scored} / (sum{by}(rate(threadwatch_scoring_delay_seconds_count{{{SOURCE}}}[{window}])) > 0)"


def _now() -> tuple[AnyPanel, ...]:
    dead = "sum(rate(threadwatch_dead_lettered_total[5m]))"
    came = 'sum(rate(threadwatch_messages_total{stage="score"}[5m]))'
    return (
        critical_alerts("Critical operational alerts that fire now; the table below names each, with its runbook. Pile-ons are on the "
                        "overview.", span=3),
        number("Workers up", "Of the workers that Prometheus knows, the share that answered the last scrape and does not wait for Kafka to "
               "begin; Trouble, below, has each.", Query(f"avg({_WORK})"), unit=SHARE,
               steps=Steps(look=1, bad=1, below=True), span=3, height=4, decimals=0,
               no_value="none known", links=[runbook("NoWorkerUp"), runbook("WorkerDown"), runbook("FewerWorkers")]),
        number("Scored within a minute", f"Of the comments of the last hour; the objective is {OBJECTIVE * 100:g} %, counted from their "
               "arrival. What was over a day old on arrival is left out.", Query(_within_a_minute("1h")),
               unit=SHARE, steps=SLO, span=4, height=4, decimals=2,
               most=1, no_value="no comments", links=[runbook("ScoringBudgetBurnFast")]),
        number("Error budget, burn", "How many times faster than the objective allows comments came late in the last hour: at 1 the budget "
               "of 30 days lasts 30 days, at 14.4 two days.", Query(f"(1 - {_within_a_minute('1h')}) / {1 - OBJECTIVE:.3f}"),
               steps=Steps(look=1, bad=14.4), span=4, height=4, decimals=1, no_value="no comments",
               links=[runbook("ScoringBudgetBurnFast")]),
        number("Messages waiting", "Between what is applied and the end of the log, all topics.",
               Query("sum(topic:threadwatch_consumer_lag:sum)"), steps=LAG, span=4, height=4, links=[runbook("ConsumerLagGrowing")]),
        number("Dead letters", "Of what came in during 5 minutes: messages that could not be read. The worker stops at more than 10 % of a "
               "partition's last 10,000, or 100 in a row and none good for 60 s.",
               Query(f"{dead} / ({came} + {dead} > 0)"), unit=SHARE, steps=DEAD, span=3, height=4, decimals=2, no_value="nothing came",
               links=[runbook("DeadLetterRate")]),
        number("Posts that failed", "Posts to an Alertmanager within an hour that were refused or not answered.",
               Query('round(sum(increase(threadwatch_alerts_posted_total{outcome=~"failed|refused"}[1h])))'),
               steps=Steps(look=1, bad=20), span=3, height=4, decimals=0, links=[runbook("AlertPathBroken")]),
    )  # fmt: skip


def _slo_over_time() -> AnyPanel:
    return lines(
        "Scored within a minute, by site", "Share of comments scored within 60 s of their arrival. Backfills are left out.",
        Query(_within_a_minute("$__rate_interval", " by (source) "), "{{source}}"), unit=SHARE, steps=SLO, span=14, height=7, most=1,
        soft_least=0.99, links=[runbook("ScoringBudgetBurnSlow")],
    )  # fmt: skip


def _firing() -> AnyPanel:
    columns = (Column("Alert", label="alertname", link="${runbooks:raw}/${__data.fields.Alert}.md"), Column("Severity", label="severity"),
               Column("Series", 'count by (alertname, severity) (ALERTS{alertstate="firing"})'))  # fmt: skip
    said = "What Prometheus' rules tell now; an alert's name leads to its runbook. Watchdog always stands here: if not, alerting is broken."
    return rows("Operational alerts firing", said, columns, span=10, height=7, links=[runbook("Watchdog")])


def _rate() -> AnyPanel:
    return lines(
        "Messages a second, by stage", "Messages that a stage took, whatever became of them. pileon takes ticks too.",
        Query("sum by (stage) (rate(threadwatch_messages_total[$__rate_interval]))", "{{stage}}"), unit=A_SECOND, looks=_STAGES, span=12,
        links=[runbook("ScoringStalled")],
    )  # fmt: skip


def _lag() -> AnyPanel:
    return lines(
        "Consumer lag, by topic", "Messages between what is applied and the log's end.",
        Query("topic:threadwatch_consumer_lag:sum", "{{topic}}"), steps=LAG, looks=_TOPICS, span=12,
        links=[runbook("ConsumerLagGrowing")],
    )  # fmt: skip


def _event_lag() -> AnyPanel:
    newest = f"max by (source) (threadwatch_event_time_watermark_seconds{{{SOURCE}}} > 0)"
    return lines(
        "Event lag, by site", "How long ago the newest scored comment was written. Grows while a site is silent; that is no fault of ours.",
        Query(f"time() - {newest}", "{{source}}"), unit=SECONDS, steps=EVENT_LAG, links=[runbook("EventTimeLag")],
    )  # fmt: skip


def _quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate(threadwatch_{histogram}_bucket{{{SOURCE}}}[$__rate_interval])))"


def _delay() -> AnyPanel:
    looks = {"half": Line(SKY), "99 of 100": Line(ORANGE, dashed=True), "99 of 100, since arrival": Line(GREEN, dashed=True)}
    return lines(
        "From written to scored", "Half of the comments, and 99 of 100, were scored sooner than this. From writing it includes the "
        "scraper's own delay, since arrival it does not. A point is one comment, by an opaque reference.",
        Query(_quantile(0.5, "end_to_end_seconds"), "half"),
        Query(_quantile(0.99, "end_to_end_seconds"), "99 of 100", exemplars=True),
        Query(_quantile(0.99, "scoring_delay_seconds"), "99 of 100, since arrival", exemplars=True),
        unit=SECONDS, looks=looks, links=[runbook("EventTimeLag")],
    )  # fmt: skip


def _alert_delay() -> AnyPanel:
    return lines(
        "From first hostile reply to alert", "Half of the alerts, and 9 of 10, were posted sooner than this; most of it is the time until "
        "enough people joined in. A point is one case, by the id that its alert has.",
        Query(_quantile(0.5, "alert_delay_seconds"), "half"),
        Query(_quantile(0.9, "alert_delay_seconds"), "9 of 10", exemplars=True),
        unit=SECONDS, looks={"half": Line(SKY), "9 of 10": Line(ORANGE, dashed=True)}, no_value="no alert",
        links=[runbook("AlertPathBroken")],
    )  # fmt: skip


def _seconds() -> AnyPanel:
    buckets = "sum by (stage, le) (rate(threadwatch_stage_seconds_bucket[$__rate_interval]))"
    return lines(
        "Seconds a batch, by stage", "95 of 100 batches took less, from their start to the acknowledged transaction.",
        Query(f"histogram_quantile(0.95, {buckets})", "{{stage}}"), unit=SECONDS, looks=_STAGES, links=[runbook("ScoringStalled")],
    )  # fmt: skip


def _seconds_spread() -> AnyPanel:
    return heat(
        "Seconds a batch, spread", "All stages: how many batches a second took about so long. The lighter, the more.",
        Query("sum by (le) (rate(threadwatch_stage_seconds_bucket[$__rate_interval]))", "{{le}}"), unit=SECONDS,
        links=[runbook("ScoringStalled")],
    )  # fmt: skip


def _batches() -> AnyPanel:
    mean = f"sum by (stage) (rate({_BATCH}_sum[$__rate_interval])) / (sum by (stage) (rate({_BATCH}_count[$__rate_interval])) > 0)"
    return lines(
        "Messages a batch, by stage", "Mean size. Grows with load up to worker.batch; at that for long: a worker more.",
        Query(mean, "{{stage}}"), looks=_STAGES, links=[runbook("ConsumerLagGrowing")],
    )  # fmt: skip


def _standing() -> AnyPanel:
    return lines(
        "Standing still, by stage", "Seconds since the slowest partition of a stage last moved although input waits for it. A batch's time "
        "is well; red from 30 s, as the alerts.",
        Query("max by (stage) (threadwatch_standstill_seconds)", "{{stage}}"), unit=SECONDS, steps=STANDSTILL, looks=_STAGES, span=12,
        height=5, links=[runbook("ScoringStalled"), runbook("StageStalled")],
    )  # fmt: skip


def _ticks() -> AnyPanel:
    return lines(
        "Ticks a minute",
        "Ticks are written into the replies log only where silence must end a pile-on: none while nothing is due is well.",
        Query("sum(rate(threadwatch_ticks_total[$__rate_interval])) * 60", "ticks"), unit=A_MINUTE,
        looks={"ticks": Line(SKY)}, span=12, height=5,
        links=[runbook("ScoringStalled")],
    )  # fmt: skip


def _dead() -> AnyPanel:
    asked = "sum by (topic, reason) (increase(threadwatch_dead_lettered_total[24h]))"
    return bars(
        "Dead letters of 24 h, by topic and reason", "The ten most frequent. Bytes, reason and place are in <topic>.dlq; "
        "`threadwatch redrive` brings them back.", Query(most(asked), "{{topic}} · {{reason}}"),
        steps=Steps(look=1, bad=100), span=12, height=7, decimals=0, links=[runbook("DeadLetterRate")],
    )  # fmt: skip


def _odd() -> AnyPanel:
    return bars(
        "Odd things met in 24 h",
        "Not wrong enough for a dead letter: texts cut, clocks ahead and the like, by stage; the ten most frequent.",
        Query(most("sum by (stage, note) (increase(threadwatch_notes_total[24h]))"), "{{stage}} · {{note}}"), span=12, height=7,
        decimals=0, links=[runbook("DeadLetterRate")],
    )  # fmt: skip


def _posts() -> AnyPanel:
    looks = {"ok": Line(GREEN), "refused": Line(ORANGE, dashed=True), "failed": Line(VERMILLION, dashed=True)}
    return lines(
        "Posts to Alertmanager a minute", "ok: taken; refused: answered 4xx; failed: no answer or 5xx. All that fires is posted again "
        "every 30 s, and an empty list while nothing does: ok never falls to nothing while it is well.",
        Query("sum by (outcome) (rate(threadwatch_alerts_posted_total[$__rate_interval])) * 60", "{{outcome}}"), unit=A_MINUTE, looks=looks,
        links=[runbook("AlertPathBroken"), runbook("BrokerAway")],
    )  # fmt: skip


def _webhooks() -> AnyPanel:
    looks = {"ok": Line(GREEN), "refused": Line(ORANGE, dashed=True), "failed": Line(VERMILLION, dashed=True),
             "forbidden": Line(PINK, dashed=True), "expired": Line(YELLOW)}  # fmt: skip
    return lines(
        "Webhook tries a minute", "ok: taken; refused: answered, but not 2xx; failed: no answer; forbidden: its address is not public; "
        "expired: tried long enough, given up. Nothing here where the settings have no webhooks.",
        Query("sum by (outcome) (rate(threadwatch_webhooks_posted_total[$__rate_interval])) * 60", "{{outcome}}"), unit=A_MINUTE,
        looks=looks, links=[runbook("WebhooksFailing"), runbook("WebhooksGivenUp")],
    )  # fmt: skip


def _waiting() -> AnyPanel:
    return lines(
        "Webhooks waiting", "Not delivered yet: they are tried again with growing pauses, for as long as give_up_after says. They are kept "
        "in the log, and a worker that starts again goes on with them. By receiver; “other”: for one that is no longer in the settings.",
        Query("sum by (receiver) (threadwatch_webhooks_waiting)", "{{receiver}}"), looks={"other": Line(GREY, dashed=True)},
        links=[runbook("WebhooksFailing"), runbook("WebhooksGivenUp")],
    )  # fmt: skip


def _up() -> AnyPanel:
    return lines(
        "Each worker", "1: answered the scrape; 0: did not, or waits for Kafka to begin. One line per worker; one that is stopped ends.",
        Query(_WORK, "{{instance}}"), most=1, span=12, height=5,
        links=[runbook("WorkerDown"), runbook("FewerWorkers"), runbook("PartitionsUnheld"), runbook("BrokerAway")],
    )  # fmt: skip


def _runs() -> AnyPanel:
    columns = (
        Column("Worker", label="instance"),
        Column("Version", label="version"),
        Column("Python", label="python"),
        Column("Settings", label="digest"),
        Column("Told to", label="telling"),
        Column("Up", f"{_WHAT} * on (instance) group_left (telling) threadwatch_telling_info or on (instance) {_WHAT}"),
    )
    said = (
        "One row per worker. Settings: a hash of those that matter to results. Told to: a hash of those that say who is told, of workers "
        "that run the alert stage. Workers of the same stages must show the same."
    )
    links = [runbook("WorkerDown"), runbook("WorkersTellDifferently")]
    return rows("What runs", said, columns, hidden=("Value", "job", "__name__"), span=12, height=5, links=links)
