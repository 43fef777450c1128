"""Backtest, for analysts: what other settings would have made of a past period, baseline beside candidate.

Its metrics come from ``metrics.om`` (docs/backtests.md), not from a worker. They lie in the past, one sample per step of event time,
and a step can be longer than Prometheus looks back: hence ``last_over_time`` everywhere.
"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as data

from deploy.grafana.generator.frame import SOURCE, add, answer, bare, runbook, site, with_addresses
from deploy.grafana.generator.looks import GREY, SKY, Line, Steps
from deploy.grafana.generator.panels import SECONDS, SHARE, AnyPanel, Column, Query, bars, lines, number, rows

RUN: Final = 'run="$run"'
SIDES: Final = ("baseline", "candidate")
MORE: Final = Steps(look=0.2, bad=0.5)
LOST: Final = Steps(look=1, bad=10)
TIME: Final = "dateTimeAsIso"
_BOTH: Final = {"baseline": Line(GREY, dashed=True), "candidate": Line(SKY)}
_ANY_TIME: Final = "[20y] offset -10y"
"""Ten years before the chosen time and ten after it: runs are listed wherever the clock of the dashboard stands."""
_STEP: Final = "$step"


def built() -> build.Dashboard:
    """Return the dashboard."""
    said = "What would other settings have made of a past period? Baseline: the settings one has. Candidate: those one tries."
    made = bare("backtest", "threadwatch · Backtest", said, "now-30d").with_variable(_run())
    made = made.with_variable(site("threadwatch_backtest_comments_total")).with_variable(_step())
    made = with_addresses(made)
    add(made, "Which run: click its name to see its period", _runs(), _compared())
    add(made, "What the candidate changes", *_numbers(), _became(), *_verdict())
    add(made, "How right each side is, where pile-ons were judged (--labels)", *_right(), _judged())
    add(made, "Over time", _opened(), _open(), _paged(), _hostile())
    add(made, "Why", _decided(), _held(), _by_severity())
    return made


def _run() -> build.QueryVariable:
    asked = f"max by (run) (last_over_time(threadwatch_backtest_run_info{_ANY_TIME}))"
    return answer("run", "Run", "Backtests that were loaded, by name.", asked, '/run="([^"]+)"/')


def _step() -> build.QueryVariable:
    asked = f"max by (step) (last_over_time(threadwatch_backtest_run_info{{{RUN}}}{_ANY_TIME}))"
    return answer("step", "Step", "How far apart the run's samples are.", asked, '/step="([^"]+)"/').hide(data.VariableHide.HIDE_VARIABLE)


def _really() -> build.DashboardLink:
    return build.DashboardLink("What really happened then").url("/d/threadwatch-overview?${__url_time_range}")


def _known(name: str) -> str:
    return f"max by (run) (last_over_time(threadwatch_backtest_{name}{_ANY_TIME}))"


def _counted(name: str, more: str = "") -> str:
    return f"sum by (run) (max_over_time(threadwatch_backtest_{name}{more}{_ANY_TIME}))"


def _runs() -> AnyPanel:
    there = "/d/threadwatch-backtest?var-run=${__data.fields.Run}&from=${__data.fields.From.numeric}&to=${__data.fields.To.numeric}"
    columns = (
        Column("Run", label="run", link=there, leads="Show this run and its period"),
        Column("From", f"{_known('period_start_seconds')} * 1000", unit=TIME),
        Column("To", f"({_known('period_end_seconds')} + {_known('step_seconds')}) * 1000", unit=TIME),
        Column("Comments", _counted("comments_total")),
        Column("Gained", _counted("changes_total", '{change="gained"}')),
        Column("Lost", _counted("changes_total", '{change="lost"}')),
    )
    said = (
        "Every run that was loaded, whatever time is chosen above: its period in event time (to the end of its last step), comments, and "
        "pile-ons that only the candidate, or only the baseline, has. A click on the name chooses the run and shows its period."
    )
    return rows("Runs", said, columns, span=14, height=6, links=[_really()])


def _compared() -> AnyPanel:
    columns = (
        Column("Side", label="side"),
        Column("Scorer", label="scorer"),
        Column("Detector", label="detector"),
        Column("Settings", label="configuration"),
        Column("Step", label="step"),
        Column(
            "", f"max by (side, scorer, detector, configuration, step) (last_over_time(threadwatch_backtest_run_info{{{RUN}}}{_ANY_TIME}))"
        ),
    )
    said = "What the chosen run compared. Settings: the beginning of a hash; the whole of both stands in the run's config.lock."
    return rows("What was compared", said, columns, hidden=("Value",), span=10, height=6, links=[runbook("PileOn")])


def _total(name: str, more: str = "", where: str = f"{RUN}, {SOURCE}") -> str:
    """Return a selector's last value until the end of the chosen time: what had been counted since the period began."""
    return f"max_over_time(threadwatch_backtest_{name}{{{where}{more}}}[$__range])"


def _days() -> str:
    start, end = (f"max(max_over_time(threadwatch_backtest_period_{which}_seconds{{{RUN}}}[$__range]))" for which in ("start", "end"))
    return f"scalar(clamp_min(({end} - {start}) / 86400, 1))"


def _beside(name: str, more: str = "", per: str = "") -> list[Query]:
    divided = f" / {per}" if per else ""
    return [Query(f"""sum({_total(name, f', side="{side}"{more}')}){divided}""", side) for side in SIDES]


def _mean(name: str) -> list[Query]:
    """Return the mean of a histogram, of both sides; all sites."""
    found = []
    for side in SIDES:
        total, count = (_total(f"{name}_{part}", f', side="{side}"', RUN) for part in ("sum", "count"))
        found.append(Query(f"sum({total}) / (sum({count}) > 0)", side))
    return found


def _numbers() -> tuple[AnyPanel, ...]:
    until = "From the period's start to the end of the chosen time."
    fire = ', decision="fire"'
    return (
        number("Pile-ons", f"Pile-ons that opened. {until}", *_beside("pileons_total", ', status="opened"'), span=8, height=4,
               decimals=0, links=[_really()]),
        number("Alerts a day", f"Pile-ons that people would have been told of, a day; a period of hours counts as one day. {until}",
               *_beside("alerts_total", fire, _days()), span=8, height=4, decimals=1, links=[_really()]),
        number("Critical messages a day", "Messages of critical pile-ons and of storms, a day, as the shipped routes group them.",
               *_beside("pages_total", ', severity="critical"', _days()), span=8, height=4, decimals=1, links=[runbook("PileOn")]),
        number("Warning messages a day", "Messages of warnings, a day, as the shipped routes group them.",
               *_beside("pages_total", ', severity="warning"', _days()), span=8, height=4, decimals=1, links=[runbook("PileOn")]),
        number("Time to an alert", "Mean time from a case's first hostile reply to its alert: most of it is the time until enough people "
               "joined in. All sites.", *_mean("alert_delay_seconds"), unit=SECONDS, span=8, height=4, decimals=1, no_value="no alert",
               links=[_really()]),
        number("People a case", "Mean number of people hostile in a case, when it or the period ended. All sites.",
               *_mean("pileon_authors"), span=8, height=4, decimals=1, no_value="no case", links=[_really()]),
    )  # fmt: skip


def _became() -> AnyPanel:
    said = (
        "Pile-ons by what became of them. A pile-on of one side is one of the other where both are on the same person and overlap in time. "
        "unchanged: opened at the same moment; earlier, later: opened then by the candidate; gained: only the candidate has it; lost: only "
        "the baseline."
    )
    query = Query(f"sum by (change) ({_total('changes_total')})", "{{change}}")
    return bars("What became of each pile-on", said, query, span=14, height=7, decimals=0, links=[_really()])


def _verdict() -> tuple[AnyPanel, ...]:
    before, after = (f"""sum({_total("alerts_total", f', side="{side}", decision="fire"')})""" for side in SIDES)
    return (
        number("Alerts, change", "How many more alerts the candidate fires, of those that the baseline fires.",
               Query(f"{after} / ({before} > 0) - 1"), unit=SHARE, steps=MORE, span=5, height=7, decimals=0, soft_least=-1,
               no_value="baseline fires none", links=[runbook("PileOnSurge")]),
        number("Pile-ons lost", "Pile-ons that the baseline has and the candidate has not: look at each in changes.jsonl before you "
               "believe that nobody misses it.", Query(f"""sum({_total("changes_total", ', change="lost"')})"""), steps=LOST, span=5,
               height=7, decimals=0, links=[runbook("PileOn")]),
    )  # fmt: skip


def _right() -> tuple[AnyPanel, ...]:
    """Return precision and recall with their bounds. They are of the whole run and of all sites."""
    told = {
        "precision": "Of the pile-ons that somebody judged, the share that are pile-ons. Far bounds: few were judged. What nobody judged "
        "is not counted.",
        "recall": "Of the pile-ons that labels speak of, the share that the side found.",
    }
    return tuple(_bounded(what, f"{said} Bounds are 95 % sure. Of the whole run, all sites.") for what, said in told.items())


def _bounded(what: str, said: str) -> AnyPanel:
    """Return three bars of each side: the share, and between which bounds the true one lies."""
    words = {"low": " at least", "value": "", "high": " at most"}
    queries = [
        Query(f"""sum({_total(f"{what}_ratio", f', side="{side}", bound="{bound}"', RUN)})""", f"{side}{word}")
        for side in SIDES for bound, word in words.items()
    ]  # fmt: skip
    panel = bars(what.capitalize(), said, *queries, unit=SHARE, span=8, height=8, decimals=0, links=[runbook("FalsePositiveRateHigh")])
    for side, line in _BOTH.items():
        panel = panel.override_by_regexp(f"/^{side}/", Line(line.colour).properties())
    return panel


def _judged() -> AnyPanel:
    said = (
        "Pile-ons of each side by what people said of them. none: nobody judged it; judge-next.jsonl says which to judge first. All sites."
    )
    return _per_word("Judged", said, "judged_pileons", "judgement", [runbook("FalsePositiveRateHigh")], where=RUN, height=8)


def _newly(name: str, more: str = "") -> Query:
    """Return what was added within each interval, exactly: counters here have a sample per step, and none before their zero."""
    counter = f"threadwatch_backtest_{name}{{{RUN}, {SOURCE}{more}}}"
    until = f"sum by (side) (last_over_time({counter}[$__interval]))"
    before = f"sum by (side) (last_over_time({counter}[$__interval] offset $__interval))"
    return Query(f"{until} - ({before} or 0 * {until})", "{{side}}")


def _opened() -> AnyPanel:
    return lines(
        "Opened", "Pile-ons that opened, per bar: baseline beside candidate.", _newly("pileons_total", ', status="opened"'), looks=_BOTH,
        bars_of=_STEP, span=12, height=8, links=[_really()],
    )  # fmt: skip


def _open() -> AnyPanel:
    opened = f"sum by (side) (last_over_time(threadwatch_backtest_pileons_active{{{RUN}, {SOURCE}}}[$__interval]))"
    return lines(
        "Open", "Pile-ons open at each moment.", Query(opened, "{{side}}"), looks=_BOTH, span=12, height=8, links=[_really()],
    ).interval(_STEP)  # fmt: skip


def _paged() -> AnyPanel:
    return lines(
        "Messages to people",
        "Messages that would have reached people, warnings and criticals, per bar, as the shipped routes group them. "
        "Ends and repeats are not counted.",
        _newly("pages_total"), looks=_BOTH, bars_of=_STEP, span=12, height=8, links=[runbook("PileOn")],
    )  # fmt: skip


def _hostile() -> AnyPanel:
    return lines(
        "Hostile replies", "Replies that the detector counted as hostile, per bar. They differ only where min_hostility, lateness, the "
        "scorer or addressing does.", _newly("hostile_replies_total"), looks=_BOTH, bars_of=_STEP, span=12, height=8,
        links=[runbook("ToxicShareHigh")],
    )  # fmt: skip


def _per_word(
    title: str, said: str, name: str, word: str, links: list[build.DashboardLink], *, where: str = f"{RUN}, {SOURCE}", height: int = 9
) -> AnyPanel:
    """Return two bars for each word of a label's closed set, of each side one."""
    query = Query(f"sum by ({word}, side) ({_total(name, where=where)})", f"{{{{{word}}}}} · {{{{side}}}}")
    panel = bars(title, said, query, span=8, height=height, decimals=0, links=links)
    for side, line in _BOTH.items():
        panel = panel.override_by_regexp(f"/ {side}$/", Line(line.colour).properties())
    return panel


def _decided() -> AnyPanel:
    said = "Turns of pile-ons: told (fire), told again because it got worse (escalate), told as ended (resolve), held back (hold)."
    return _per_word("Alerts decided", said, "alerts_total", "decision", [_really()])


def _held() -> AnyPanel:
    said = (
        "Turns that would have told nobody. not_worse: already told, nothing new to tell. stale: written long before it arrived. muted: "
        "somebody muted it. seen: told before. not_firing: ended without ever having been told."
    )
    return _per_word("Held back, by reason", said, "alerts_held_total", "reason", [runbook("PileOn")])


def _by_severity() -> AnyPanel:
    said = "Messages that would have reached people, in all. A storm is one critical message."
    return _per_word("Messages, by severity", said, "pages_total", "severity", [runbook("PileOnSurge")])
