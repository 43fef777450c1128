"""The figures as one self-contained page: no script, nothing asked of anybody; made of the parts of a backtest's report."""

from typing import Final
from xml.etree.ElementTree import Element

from streams.evaluation.attacks import KINDS
from streams.evaluation.compare import BUDGETS, Line
from streams.evaluation.page.links import links_section
from streams.evaluation.page.trade_off import Mark, marks
from streams.evaluation.page.whom import whom_section
from streams.evaluation.real import Calibration
from streams.evaluation.results import Results
from streams.evaluation.scoring import Score
from streams.evaluation.tables import COLUMNS, NOT_THERE, cell, head, real_head, row_of
from streams.replay.backtest.html.elements import e, section, table, unfolded
from streams.replay.backtest.html.page import page
from streams.replay.backtest.html.pictures import HEIGHT, Series, Span, bars, figure, key, spans
from streams.replay.backtest.intervals import wilson

_PERCENT: Final = [(n / 4, f"{n * 25} %") for n in range(5)]
_EARLY: Final = COLUMNS.index("alerts a case")
"""From here on columns stand in a table of their own."""
_LEARNED = "paired, slack learned"


def page_of(found: Results) -> str:
    """Return the page."""
    parts = [
        _trade_off(found),
        _null(found),
        _detectors(found),
        _kinds(found),
        _bounds(found),
        _without(found),
        *_real(found),
        links_section(found.links),
        whom_section(found.whom),
    ]
    foot = "Made by python -m streams.evaluation. People and words on the simulated site are made up; of real trees it holds counts alone."
    return page("How good are the pile-on detectors?", head(found), parts, foot)


def _trade_off(found: Results) -> Element:
    shown = [Mark(_name(line), _look(line), line.score.false / found.head.days, _share(*line.score.recall())) for line, _ in found.lines]
    drawn, height = marks([one for one in shown if one.share is not None], BUDGETS)
    best = _line(found, _LEARNED, 1.0)
    caught, there = best.score.recall()
    told = (
        f"At a budget of one false alarm a day, the pair with learned slack finds {caught} of {there} pile-ons by eight people or more, "
        f"with {best.score.false} false alarms in {found.head.days} days. Up and to the left is better; every point stands in the table."
    )
    legend = key(("candidate", "paired e-SR"), ("baseline", "others"), ("swatch-budget", "budgets of 0.1, 1 and 3 a day"))
    rows = [(one.name, f"{one.false_a_day:.2f}", "–" if one.share is None else f"{100 * one.share:.0f} %") for one in shown]
    beside = unfolded("The numbers", table("Found and false", ("detector", "false a day", "found, n ≥ 8"), rows))
    return section(
        "trade", "Found against false", e("p", told), figure("trade-off", "Found against false alarms", told, height, drawn, beside, legend)
    )


def _detectors(found: Results) -> Element:
    rows = [row_of(line, measures, found.head.days) for line, measures in found.lines]
    early = [(row[0], row[1], *row[_EARLY:]) for row in rows]
    told = (
        "False: pile-ons opened where there was none. ≤: Poisson's upper bound, one-sided. People: attackers who were hostile by then. "
        "ERDE: less is better; F-latency: more is."
    )
    return section(
        "detectors", "Every detector at every budget", e("p", told),
        table("On the half that decides", COLUMNS[:_EARLY], [row[:_EARLY] for row in rows]),
        table("Right and early", (*COLUMNS[:2], *COLUMNS[_EARLY:]), early),
    )  # fmt: skip


def _kinds(found: Results) -> Element:
    (_, best), *others = found.evasions
    windows = [score for name, score in others if name.startswith("window")]
    shown = [("pair", "candidate", best), *(("window", "baseline", score) for score in windows[:1])]
    lines = [Span(f"{kind}, {said}", look, *_interval(*score.recall(8, kind))) for kind in KINDS for said, look, score in shown]
    drawn, height = spans(lines, 0, 1, _PERCENT)
    told = "; ".join(f"{kind}: {cell(best, kind).split()[0]}" for kind in KINDS)
    rows = [(name, *("{}/{}".format(*score.recall(8, kind)) for kind in KINDS)) for name, score in found.evasions]
    those = [line for line, _ in found.lines if line.budget == 1.0 or (line.budget is None and line.kept_at in {None, 1.0})]
    deciding = [(_name(one), *(cell(one.score, kind) for kind in KINDS)) for one in those]
    how = (
        "Each evasion beside the plain attack, with Wilson's 95 % bounds; orange: the pair with learned slack, grey: the window in "
        "hindsight. The picture is of a site on which everybody meets something, so that there are enough of each kind."
    )
    beside = table("Found, n ≥ 8", ("", *KINDS), rows)
    return section(
        "kinds", "Evasions", e("p", how), figure("by-kind", "Found by kind, B = 1", f"{told}.", height, drawn, beside),
        table("On the half that decides; in brackets false alarms in the kind's civil twins", ("", *KINDS), deciding),
    )  # fmt: skip


def _null(found: Results) -> Element:
    told = "Where nothing happens, false alarms must stay within the budget: the ratio's upper bound should not pass 1."
    return section("null", "Null calibration", e("p", told), _calibrations("Where nothing happens", found.calibrations))


def _calibrations(caption: str, those: tuple[Calibration, ...]) -> Element:
    rows = [(one.name, f"{one.budget:g}", str(one.false), f"{one.allowed:.2f}", f"{one.upper:.2f}") for one in those]
    return table(caption, ("", "B a day", "false", "allowed", "ratio ≤ (95 %)"), rows)


def _bounds(found: Results) -> Element:
    told = (
        "The floor of four people is a rule for moderators. The oracle is told each conversation's beginning and end and the law by which "
        "fame draws its share of hostility, and its level is set on these answers; it knows nothing of accounts. What passes it does so "
        "by knowing them."
    )
    rows = [(one.name, "{}/{}".format(*one.recall), *("{}/{}".format(*one.by_kind[kind]) for kind in KINDS)) for one in found.bounds]
    return section("bounds", "How close one can come", e("p", told), table("At most possible, n ≥ 8", ("", "all", *KINDS), rows))


def _without(found: Results) -> Element:
    drawn = bars([Series("candidate", [100 * (_share(*score.recall()) or 0) for _, score in found.ablations])],
                 [str(n) for n in range(1, len(found.ablations) + 1)])  # fmt: skip
    rows = [(f"{n} {name}", *_figures(score)) for n, (name, score) in enumerate(found.ablations, 1)]
    told = "; ".join(f"{n} {name}: {score.recall()[0]} of {score.recall()[1]}" for n, (name, score) in enumerate(found.ablations, 1))
    beside = table("What each part is worth, slack learned, B = 1", ("", "false", "caught, n ≥ 8", "people", "minutes"), rows)
    return section("without", "Ablations", figure("ablations", "Found, in percent", f"{told}.", HEIGHT, drawn, beside))


def _real(found: Results) -> list[Element]:
    real = found.real
    if real.absent:
        return [section("real", "Real trees", e("p", NOT_THERE.format(files=", ".join(real.absent))))]
    told = (
        f"{real_head(found).capitalize()}. Threads of Reddit and issues of open projects, with their parents and times, "
        "through the shipped scorer and the address stage; N is the simulated site's. What is said in a raid is read from the datasets."
    )
    rows = [
        (line.name, "" if line.budget is None else f"{line.budget:g}", str(sum(line.score.false_in_twins.values())), *_figures(line.score),
         "{}/{}".format(*line.natural), "{}/{}".format(*line.natural_by_label))
        for line in real.lines
    ]  # fmt: skip
    heads = ("", "B a day", "in twins", "false", "caught, n ≥ 8", "people", "minutes", "natural", "natural, by label")
    without = [(line.name, *_figures(line.score)) for line in real.ablations]
    return [section(
        "real", "Real trees", e("p", told), _calibrations("Null calibration, proven bound", real.calibrations),
        table("Raids put into real trees, and people who really had three hostile repliers or more, by label", heads, rows),
        table("Slack learned, B = 1, where something is missing or better", ("", "false", "caught, n ≥ 8", "people", "minutes"), without),
    )]  # fmt: skip


def _figures(score: Score) -> tuple[str, ...]:
    return str(score.false), "{}/{}".format(*score.recall()), f"{score.median_authors:g}", f"{score.median_minutes:.0f}"


def _line(found: Results, name: str, budget: float) -> Line:
    return next(line for line, _ in found.lines if line.name == name and line.budget == budget)


def _name(line: Line) -> str:
    said = f"{line.name}, B = {line.budget:g}" if line.budget is not None else line.name
    return f"{said} ({line.note})" if line.note else said


def _look(line: Line) -> str:
    return "candidate" if line.name.startswith("paired") else "baseline"


def _share(hit: int, there: int) -> float | None:
    return hit / there if there else None


def _interval(hit: int, there: int) -> tuple[float | None, float | None, float | None]:
    """Return the share and Wilson's 95 % bounds."""
    return (hit / there, *wilson(hit, there)) if there else (None, None, None)
