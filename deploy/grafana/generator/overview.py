"""Overview, for trust-and-safety staff: how is each site now, what is open, and what has become of it."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from deploy.grafana.generator.frame import SOURCE, add, console, critical_alerts, dashboard, runbook
from deploy.grafana.generator.looks import GREEN, GREY, ORANGE, SEVERITY, SKY, VERMILLION, Line, Steps
from deploy.grafana.generator.panels import A_MINUTE, SECONDS, SHARE, AnyPanel, Column, Query, alert_groups, bars, lines, most, number, rows
from deploy.grafana.generator.verdicts import verdicts

TOXIC: Final = Steps(look=0.1, bad=0.2)
"""As the alert ToxicShareHigh has it."""
OPEN: Final = Steps(look=1, bad=5)
CRITICAL: Final = Steps(look=1, bad=1)
SILENT: Final = Steps(look=1800, bad=21600)
_TOXIC_SHARE: Final = f"source:threadwatch_toxic_comments:share15m{{{SOURCE}}}"
_COMMENTS: Final = f"sum by (source) (rate(threadwatch_comments_scored_total{{{SOURCE}}}[5m])) * 60"
_DECIDED: Final = {
    "fire": Line(VERMILLION),
    "escalate": Line(ORANGE, dashed=True),
    "resolve": Line(GREEN),
    "hold": Line(SKY, dashed=True),
    "other": Line(GREY),
}


_ALSO_UNHEARD = "It counts decisions to tell, also where nobody can be told: `threadwatch doctor` says whether somebody can."


def built() -> build.Dashboard:
    """Return the dashboard."""
    said = "How is each site now? Counts and shares only: what was said, and by whom, is in no metric."
    made = dashboard("overview", "threadwatch · Overview", said, "now-24h")
    add(made, "Now", *_open_now(), _sites(), _cases())
    add(made, "Pile-ons and alerts over time", _told_and_ended(), _open_over_time(), _decisions(), _held())
    add(made, "What people say of them", *verdicts())
    add(made, "What is written", _toxic_over_time(), _comments_over_time(), _communities())
    return made


def _open_now() -> tuple[AnyPanel, ...]:
    return (
        critical_alerts(
            "Critical operational alerts that fire now, of all sites: at 0 what this page shows is what there is; else somebody may be "
            "piled on and not seen, or seen and not told. Pipeline names each, with its runbook.", span=4,
        ),
        number(
            "Critical pile-ons open", "Pile-ons open now that people were told are critical, on the chosen sites. Muted and stale ones, of "
            f"which nobody is told, are not among them. {_ALSO_UNHEARD}",
            Query(_told('severity="critical", ')), steps=CRITICAL, span=4, height=4, links=[runbook("PileOn"), console()],
        ),
        number(
            "Warning pile-ons open", "Pile-ons open now that people were told of as a warning and no worse, on the chosen sites; without "
            f"muted and stale ones. {_ALSO_UNHEARD}",
            Query(_told('severity="warning", ')), steps=OPEN, span=4, height=4, links=[runbook("PileOn"), console()],
        ),
        number(
            "Told in 24 h", "Pile-ons of which people were told in the last 24 hours: what a backfill opens, and what is muted, is not "
            f"among them. {_ALSO_UNHEARD}", Query(_decided("fire", "24h")), span=4, height=4, decimals=0,
            links=[runbook("PileOnSurge")],
        ),
        number(
            "Comments a minute", "Comments scored a minute, over the last 5 minutes.",
            Query(f"sum({_COMMENTS})"), unit=A_MINUTE, span=4, height=4, decimals=0, links=[runbook("ScoringStalled")],
        ),
        number(
            "Time to an alert",
            "Half of the alerts of the last 24 hours were posted sooner than this after the first hostile reply of their case: "
            "most of it is the time until enough people joined in.",
            Query(f"histogram_quantile(0.5, sum by (le) (increase(threadwatch_alert_delay_seconds_bucket{{{SOURCE}}}[24h])))"),
            unit=SECONDS, span=4, height=4, decimals=0, no_value="no alert", links=[runbook("AlertPathBroken")],
        ),
    )  # fmt: skip


def _told(severity: str = "", by: str = "") -> str:
    return f"sum{by}(threadwatch_pileons_told{{{severity}{SOURCE}}})"


def _decided(decision: str, within: str, by: str = "") -> str:
    return f'round(sum{by}(increase(threadwatch_alerts_decided_total{{decision="{decision}", {SOURCE}}}[{within}])))'


def _sites() -> AnyPanel:
    columns = (
        Column("Site", label="source"),
        Column("Toxic share", _TOXIC_SHARE, unit=SHARE, steps=TOXIC),
        Column("Comments a minute", _COMMENTS, unit=A_MINUTE),
        Column("Critical open", _told('severity="critical", ', " by (source) "), steps=CRITICAL),
        Column("Warning open", _told('severity="warning", ', " by (source) "), steps=OPEN),
        Column("Told in 24 h", _decided("fire", "24h", " by (source) ")),
        Column("Newest comment", f"time() - max by (source) (threadwatch_event_time_watermark_seconds{{{SOURCE}}} > 0)", unit=SECONDS,
               steps=SILENT),
    )  # fmt: skip
    said = (
        "One row per site. Toxic share: comments of the last 15 minutes that scored 0.8 or more; orange from 10 %, red from 20 %, as the "
        "alert ToxicShareHigh. Open: of which people were told. Newest comment: how long ago the newest scored one was written; empty "
        "before the first. “other” stands for sites that the settings do not name."
    )
    return rows("Each site now", said, columns, span=16, height=7, links=[runbook("ToxicShareHigh"), console()])


def _cases() -> AnyPanel:
    # Not the warnings: the panel cannot leave out what is inhibited, so that a case which became critical would stand among them too.
    said = (
        "The cases that are critical, each once, from Alertmanager, by site and community: its own words, with the case's id as `pileon`. "
        "Empty where nothing is open, or where the worker has no alertmanager.urls. Warnings one by one: “Pile-ons one by one”, top right."
    )
    return alert_groups("Open: critical", said, 'alertname="PileOn", severity="critical"', span=8, height=7)


def _told_and_ended() -> AnyPanel:
    return lines(
        "Told and ended", "Pile-ons of which people were told, and those of them that ended, per bar. Fewer ended than told for long: they "
        "last. Muted and stale ones, as a backfill opens them, are not among them.",
        Query(_decided("fire", "$__rate_interval"), "told"), Query(_decided("resolve", "$__rate_interval"), "ended"),
        looks={"told": Line(VERMILLION), "ended": Line(GREEN)}, bars_of="10m", span=12, height=8, links=[runbook("PileOnSurge")],
    )  # fmt: skip


def _open_over_time() -> AnyPanel:
    return lines(
        "Open, by severity", "Pile-ons open at each moment, by the worst that people were told, criticals at the bottom; on top those of "
        "which nobody was told: muted, stale, or just opened.",
        Query(_told('severity="critical", '), "critical"), Query(_told('severity="warning", '), "warning"),
        Query(f"clamp_min(sum(threadwatch_pileons_active{{{SOURCE}}}) - {_told()}, 0)", "told to nobody"),
        looks=SEVERITY | {"told to nobody": Line(GREY)}, stacked=True, span=12, height=8, links=[runbook("PileOn"), console()],
    )  # fmt: skip


def _decisions() -> AnyPanel:
    return lines(
        "Alerts decided",
        "What became of each turn of a pile-on, per bar: told (fire), told again because it got worse (escalate), told as "
        "ended (resolve), or held back (hold).",
        Query(f"round(sum by (decision) (increase(threadwatch_alerts_decided_total{{{SOURCE}}}[$__rate_interval])))", "{{decision}}"),
        looks=_DECIDED, bars_of="10m", stacked=True, span=12, height=8, links=[runbook("AlertPathBroken")],
    )  # fmt: skip


def _held() -> AnyPanel:
    said = (
        "Turns of the last 24 hours that told nobody. not_worse: already told, nothing new to tell. stale: written long before it arrived. "
        "muted: somebody muted the person or conversation. seen: told before. not_firing: ended without ever having been told. "
        "Those of which there were none are left out."
    )
    query = Query(most(f"sum by (reason) (increase(threadwatch_alerts_held_total{{{SOURCE}}}[24h]))"), "{{reason}}")
    return bars("Held back, by reason", said, query, span=12, height=8, decimals=0, links=[runbook("PileOn")])


def _toxic_over_time() -> AnyPanel:
    return lines(
        "Toxic share by site", "Comments that scored 0.8 or more, of all scored within 15 minutes. Says little where few comment.",
        Query(_TOXIC_SHARE, "{{source}}"), unit=SHARE, steps=TOXIC, span=8, height=9, links=[runbook("ToxicShareHigh")],
    )  # fmt: skip


def _comments_over_time() -> AnyPanel:
    return lines(
        "Comments a minute by site", "Comments scored a minute. A site at nothing while others go on: its source went silent.",
        Query(f"sum by (source) (rate(threadwatch_comments_scored_total{{{SOURCE}}}[$__rate_interval])) * 60", "{{source}}"),
        unit=A_MINUTE, span=8, height=9, links=[runbook("ScoringStalled")],
    )  # fmt: skip


def _communities() -> AnyPanel:
    counted = f"threadwatch_community_comments_total{{{SOURCE}}}"
    flagged = f'threadwatch_community_comments_total{{flagged="true", {SOURCE}}}'
    share = f"sum by (source, community) (increase({flagged}[6h])) / (sum by (source, community) (increase({counted}[6h])) > 0)"
    return bars(
        "Flagged share by community",
        "Comments that scored 0.8 or more, of all scored within 6 hours. Communities that the settings do not "
        "name are together “other”; where nothing was written there is no bar.",
        Query(f"sort_desc({share})", "{{source}} / {{community}}"), unit=SHARE, steps=TOXIC, span=8, height=9, decimals=1,
        links=[runbook("ToxicShareHigh")],
    )  # fmt: skip
