"""The kinds of panels that we use, each with a description, a unit and no more than it needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models import dashboard as data
from grafana_foundation_sdk.models import heatmap as heat_words
from grafana_foundation_sdk.models import prometheus as query_words

from deploy.grafana.generator.looks import NO_COLOUR, NO_STEPS, PLAIN, Line, Steps

DATASOURCE: Final = words.DataSourceRef(type_val="prometheus", uid="prometheus")
SHARE: Final = "percentunit"
SECONDS: Final = "s"
COUNT: Final = "short"
A_MINUTE: Final = "cpm"
A_SECOND: Final = "cps"
NOTHING: Final = "no data"

AnyPanel = stat.Panel | bargauge.Panel | timeseries.Panel | heatmap.Panel | tables.Panel | dashboard.Panel
_Panel = TypeVar("_Panel", stat.Panel, bargauge.Panel, timeseries.Panel, heatmap.Panel, tables.Panel)


class Query(NamedTuple):
    """What is asked, and what a series of the answer is called."""

    expr: str
    legend: str = "__auto"
    exemplars: bool = False
    """Whether single comments, or cases, are shown as points: of a histogram's buckets, where the axis has the histogram's unit."""


def number(title: str, said: str, *queries: Query, unit: str = COUNT, steps: Steps | None = None, **look: Any) -> stat.Panel:
    """Return big numbers of now, one per series; their ground is coloured where there are thresholds, but for names in ``plain``."""
    panel = _framed(stat.Panel(), title, said, unit, steps, look)
    mode = words.BigValueColorMode.BACKGROUND_SOLID if steps else words.BigValueColorMode.NONE
    panel = panel.color_mode(mode).graph_mode(words.BigValueGraphMode.NONE).reduce_options(_last())
    panel = panel.text_mode(
        words.BigValueTextMode.VALUE_AND_NAME if len(queries) > 1 or look.get("named") else words.BigValueTextMode.VALUE
    )
    for name in look.get("plain", ()):
        panel = panel.override_by_name(name, [data.DynamicConfigValue(id_val="thresholds", value=NO_COLOUR.build())])
    return _asked(panel, queries, instant=True)


def bars(title: str, said: str, *queries: Query, unit: str = COUNT, steps: Steps | None = None, **look: Any) -> bargauge.Panel:
    """Return one bar per series, each with its name and its number: the longest first where the query sorts."""
    panel = _framed(bargauge.Panel(), title, said, unit, steps, look)
    panel = panel.orientation(words.VizOrientation.HORIZONTAL).display_mode(words.BarGaugeDisplayMode.BASIC)
    panel = panel.value_mode(words.BarGaugeValueMode.TEXT).name_placement(words.BarGaugeNamePlacement.LEFT)
    return _asked(panel.show_unfilled(True).reduce_options(_last()), queries, instant=True)


def most(asked: str) -> str:
    """Return the ten largest that are more than nothing; where all are nothing, one of them, so that it is seen to be asked."""
    return f"topk(10, round({asked}) > 0) or topk(1, round({asked}))"


def lines(
    title: str, said: str, *queries: Query, unit: str = COUNT, steps: Steps | None = None, looks: Mapping[str, Line] | None = None,
    stacked: bool = False, bars_of: str = "", **look: Any,
) -> timeseries.Panel:  # fmt: skip
    """Return a course over time; the legend says each series' last value. ``bars_of``: bars of so long an interval, and their total.

    What a bar counts is the increase over ``$__rate_interval``: the bar's time and one scrape more, for what came between the last
    scrape of the bar before and the first of this one is in neither of their own times. Each step from scrape to scrape is in one bar.
    """
    panel = _framed(timeseries.Panel(), title, said, unit, steps, look)
    panel = panel.line_width(2).fill_opacity(70 if bars_of else 25 if stacked else 0).show_points(words.VisibilityMode.NEVER)
    panel = panel.tooltip(common.VizTooltipOptions().mode(words.TooltipDisplayMode.MULTI).sort(words.SortOrder.DESCENDING))
    panel = panel.legend(_legend("sum" if bars_of else "lastNotNull"))
    if steps:
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(words.GraphThresholdsStyleMode.DASHED))
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(words.StackingMode.NORMAL).group("A"))
    if bars_of:
        panel = panel.draw_style(words.GraphDrawStyle.BARS).interval(bars_of)
    if "soft_least" in look:  # the axis begins there, unless a value is lower
        panel = panel.axis_soft_min(look["soft_least"])
    for name, line in (looks or {}).items():
        panel = panel.override_by_name(name, line.properties())
    return _asked(panel, queries)


def heat(title: str, said: str, query: Query, unit: str = COUNT, **look: Any) -> heatmap.Panel:
    """Return a histogram over time: how dark a cell is says how many; Cividis is made for colour-blind people."""
    panel = _framed(heatmap.Panel(), title, said, unit, None, look)
    colours = heatmap.HeatmapColorOptions().mode(heat_words.HeatmapColorMode.SCHEME).scheme("Cividis").steps(64).exponent(0.5)
    panel = panel.calculate(False).color(colours).cell_gap(1).show_legend()
    panel = panel.y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(words.AxisPlacement.LEFT))
    panel = panel.cell_values(heatmap.CellValues().unit(COUNT))
    return panel.with_target(_target(0, query).range().format(query_words.PromQueryFormat.HEATMAP))


class Column(NamedTuple):
    """One column of a table: a query that gives a number per row, or (without a query) a label."""

    name: str
    expr: str = ""
    label: str = ""
    unit: str = COUNT
    steps: Steps | None = None
    link: str = ""
    leads: str = "Runbook"
    """What the link is called."""


def rows(title: str, said: str, columns: Sequence[Column], hidden: Sequence[str] = (), **look: Any) -> tables.Panel:
    """Return a table: queries whose series have the same labels meet in one row. ``hidden``: labels and values that only join."""
    asked = [column for column in columns if column.expr]
    names = {f"Value #{_letter(number)}" if len(asked) > 1 else "Value": column.name for number, column in enumerate(asked)}
    names = {column.label: column.name for column in columns if column.label} | names
    panel = _framed(tables.Panel(), title, said, COUNT, None, look).cell_height(words.TableCellHeight.SM)
    panel = panel.with_transformation(data.DataTransformerConfig(id_val="merge", options={}))
    order = {field: number for column in columns for number, (field, name) in enumerate(names.items()) if name == column.name}
    organised = {"excludeByName": dict.fromkeys(("Time", *hidden), True), "renameByName": names, "indexByName": order}
    panel = panel.with_transformation(data.DataTransformerConfig(id_val="organize", options=organised))
    for column in columns:
        if cell := _cell(column):
            panel = panel.override_by_name(column.name, cell)
    return _asked(panel, [Query(column.expr) for column in asked], instant=True, as_table=True)


def alert_groups(title: str, said: str, labels: str, span: int, height: int) -> dashboard.Panel:
    """Return what is open in Alertmanager now. The one panel that does not ask Prometheus: no pile-on is ever a metric's label."""
    source = words.DataSourceRef(type_val="alertmanager", uid="alertmanager")
    options = {"alertmanager": "Alertmanager", "expandAll": False, "labels": labels}
    panel = dashboard.Panel().type("alertGroups").title(title).description(said).datasource(source)
    return panel.options(options).targets([]).span(span).height(height)


def _framed(panel: _Panel, title: str, said: str, unit: str, steps: Steps | None, look: Mapping[str, Any]) -> _Panel:
    described = f"{said} {steps.words(unit)}" if steps else said
    panel = panel.title(title).description(described).datasource(DATASOURCE).unit(unit).no_value(look.get("no_value", NOTHING))
    panel = panel.thresholds(steps.thresholds() if steps else NO_STEPS).span(look.get("span", 8)).height(look.get("height", 8))
    panel = panel.color_scheme(dashboard.FieldColor().mode(_colouring(panel)))
    panel = panel.links(list(look.get("links", ())))
    if "decimals" in look:
        panel = panel.decimals(look["decimals"])
    if "most" in look:
        panel = panel.max(look["most"])
    return panel if "soft_least" in look else panel.min(0)


def _colouring(panel: AnyPanel) -> data.FieldColorModeId:
    coloured = isinstance(panel, timeseries.Panel)
    return data.FieldColorModeId.PALETTE_CLASSIC if coloured else data.FieldColorModeId.THRESHOLDS


def _asked(panel: _Panel, queries: Sequence[Query], instant: bool = False, as_table: bool = False) -> _Panel:
    for order, query in enumerate(queries):
        target = _target(order, query)
        target = target.instant() if instant else target.range()
        panel = panel.with_target(target.format(query_words.PromQueryFormat.TABLE) if as_table else target)
    return panel


def _target(order: int, query: Query) -> prometheus.Dataquery:
    asked = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(_letter(order)).datasource(DATASOURCE)
    return asked.exemplar(True) if query.exemplars else asked


def _letter(order: int) -> str:
    return "ABCDEFGHIJ"[order]


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _legend(said: str) -> common.VizLegendOptions:
    shown = common.VizLegendOptions().show_legend(True).display_mode(words.LegendDisplayMode.LIST)
    return shown.placement(words.LegendPlacement.BOTTOM).calcs([said])


def _cell(column: Column) -> list[data.DynamicConfigValue]:
    found = [data.DynamicConfigValue(id_val="unit", value=column.unit)] if column.expr else []
    if column.steps:
        found.append(data.DynamicConfigValue(id_val="thresholds", value=column.steps.thresholds(PLAIN).build()))
        found.append(data.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}))
    if column.link:
        link = {"title": column.leads, "url": column.link, "targetBlank": True}
        found.append(data.DynamicConfigValue(id_val="links", value=[link]))
    return found
