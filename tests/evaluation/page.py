"""The figures as one page that needs nothing else: pictures as SVG, tables beside them."""

from xml.etree.ElementTree import Element

from streams.replay.backtest.html.elements import e, section, table, unfolded
from streams.replay.backtest.html.page import page
from streams.replay.backtest.html.pictures import WIDTH, Span, figure, spans
from tests.evaluation.measure import Evaluation
from tests.evaluation.rightness import SetMeasure
from tests.evaluation.tables import Table, beside, bias, by_set, flagged, functions, kinds, percent, sets

_SIDE = 300
_LEFT = 60
_TOP = 14
_PERCENT = [(mark / 4, f"{mark * 25} %") for mark in range(5)]


def written(found: Evaluation) -> str:
    """Return the page."""
    others = ", ".join(f"{name} {version}" for name, version in found.others.items())
    parts = [_hidden(found), _flagged(found), _sets(found), *_beside(found), _reliability(found), _functions(found), _bias(found)]
    return page(
        f"How right is {found.scorer}?", f"Twin {found.twin}; {others}", parts, "Made by make eval-scoring. It holds no text of the sets."
    )


def _made(shown: Table) -> Element:
    return table(shown.caption, shown.headers, shown.rows)


def _beside(found: Evaluation) -> list[Element]:
    shown = [_made(each) for each in beside(found)]
    return [section("beside", "The compact scorer beside it", *shown)] if shown else []


def _hidden(found: Evaluation) -> Element:
    lines = [
        Span(f"{each.kind}", look, value, low, value)
        for each in found.hidden.kinds
        for look, low, value in (("candidate", each.recall["raw"], each.recall["larger of both"]),)
    ]
    drawn, height = spans(lines, 0, 1, _PERCENT)
    told = "; ".join(
        f"{each.kind}: {percent(each.recall['raw'])} raw, {percent(each.recall['larger of both'])} both" for each in found.hidden.kinds
    )
    shown = figure(
        "kept",
        "Recall in disguise: from the text as it stands (line's start) to the larger of both (dot)",
        told,
        height,
        drawn,
        _made(kinds(found)),
    )
    plain = f"In plain text {percent(found.hidden.plain_recall)} of the toxic rows are found at this threshold."
    return section("disguises", "Disguises", e("p", plain), shown, unfolded("Per set", _made(by_set(found))))


def _flagged(found: Evaluation) -> Element:
    told = "At the same threshold. What the normaliser adds to clean text, foreign scripts and code should be at most 0.2 points."
    return section("flagged", "Flagged though nobody should be", e("p", told), _made(flagged(found)))


def _sets(found: Evaluation) -> Element:
    lines = [
        Span(each.name, "candidate", each.auc, each.yardstick if each.yardstick is not None else each.auc, each.auc) for each in found.sets
    ]
    drawn, height = spans(lines, 0.4, 1, [(mark / 10, f".{mark}" if mark < 10 else "1") for mark in range(4, 11)])
    told = "; ".join(f"{each.name}: {each.auc:.3f}" for each in found.sets)
    shown = figure("auc", "AUC per set (dot), and alt-profanity-check's (line's other end)", told, height, drawn, _made(sets(found)))
    return section("sets", "AUC per set", shown)


def _reliability(found: Evaluation) -> Element:
    drawn = [_diagram(each) for each in found.sets]
    told = "Each dot is a tenth of the scale: below it the mean score, to its left how toxic people found those rows."
    return section("reliability", "Is a score a probability?", e("p", told), *drawn)


def _diagram(one: SetMeasure) -> Element:
    def x(value: float) -> float:
        return _LEFT + _SIDE * value

    def y(value: float) -> float:
        return _TOP + _SIDE * (1 - value)

    level = e("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="line level")
    marks = [e("text", f"{tick / 4:g}", x=x(tick / 4), y=y(0) + 18, text_anchor="middle") for tick in range(5)]
    marks += [e("text", f"{tick / 4:g}", x=_LEFT - 8, y=y(tick / 4) + 4, text_anchor="end") for tick in range(5)]
    path = e("polyline", points=" ".join(f"{x(b.score):.1f},{y(b.target):.1f}" for b in one.bins), class_="line candidate")
    dots = [
        e("circle", cx=f"{x(b.score):.1f}", cy=f"{y(b.target):.1f}", r=f"{2 + 6 * (b.rows / one.rows) ** 0.5:.1f}", class_="candidate")
        for b in one.bins
    ]
    rows = [(f"{each.score:.3f}", f"{each.target:.3f}", str(each.rows)) for each in one.bins]
    beside = unfolded("The numbers", table(f"{one.name} by score", ("mean score", "mean target", "rows"), rows))
    told = f"Expected calibration error {one.calibration_error:.3f} over {one.rows} rows."
    assert x(1) < WIDTH
    return figure(
        f"reliability-{one.name}",
        f"{one.name}, ECE {one.calibration_error:.3f}",
        told,
        _SIDE + _TOP + 26,
        [level, *marks, path, *dots],
        beside,
    )


def _functions(found: Evaluation) -> Element:
    return section("hatecheck", "hatecheck by functional class", _made(functions(found)))


def _bias(found: Evaluation) -> Element:
    told = (
        "BPSN: clean comments that name the group against toxic ones that do not; low means that naming the group raises the score. "
        "BNSP: the other way round; low means that abuse of the group is missed."
    )
    return section("bias", "Identity terms", e("p", told), *map(_made, bias(found)))
