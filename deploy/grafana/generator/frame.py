"""What all dashboards share: title, time, variables, links to one another, to the console and to the runbooks."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as data

from deploy.grafana.generator.looks import Steps
from deploy.grafana.generator.panels import DATASOURCE, AnyPanel, Query, number

SOURCE: Final = 'source=~"$source"'
CONSOLE: Final = "http://localhost:9093/#/alerts?filter=%7Balertname%3D%22PileOn%22%7D"
"""Where open pile-ons are listed one by one: Alertmanager's page. ``deploy/grafana/start.sh`` puts a console in its place."""
RUNBOOKS: Final = "/public/runbooks"
"""Compose mounts docs/runbooks there."""
OPERATIONS: Final = 'ALERTS{alertstate="firing", alertname!="Watchdog"}'


def runbook(alert: str) -> build.DashboardLink:
    """Return a panel's link to an alert's runbook."""
    return build.DashboardLink(f"Runbook: {alert}").url(f"${{runbooks:raw}}/{alert}.md").target_blank(True)


def console() -> build.DashboardLink:
    """Return a panel's link to where pile-ons are listed one by one."""
    return build.DashboardLink("Pile-ons one by one").url("${console:raw}").target_blank(True)


def dashboard(name: str, title: str, said: str, since: str, variables: Sequence[build.CustomVariable] = ()) -> build.Dashboard:
    """Return a dashboard of what goes on now, without panels yet."""
    made = bare(name, title, said, since).refresh("30s").link(_to_console()).annotation(_firing())
    made = made.with_variable(site("threadwatch_comments_consumed_total"))
    for variable in variables:
        made = made.with_variable(variable)
    return with_addresses(made)


def bare(name: str, title: str, said: str, since: str) -> build.Dashboard:
    """Return a dashboard with what all have: no variables, nothing that is about now, no panels yet."""
    made = build.Dashboard(title).uid(f"threadwatch-{name}").description(said).tags(["threadwatch"]).readonly()
    made = made.time(since, "now").timezone("browser").tooltip(data.DashboardCursorSync.CROSSHAIR).version(1)
    return made.link(_others())


def with_addresses(made: build.Dashboard) -> build.Dashboard:
    """Return a dashboard that knows where its links lead."""
    return made.with_variable(_address("console", CONSOLE)).with_variable(_address("runbooks", RUNBOOKS))


def add(made: build.Dashboard, title: str, *panels: AnyPanel) -> None:
    """Add a row with its panels, left to right, then down."""
    made.with_row(build.Row(title))
    for panel in panels:
        made.with_panel(panel)


def critical_alerts(said: str, span: int) -> AnyPanel:
    """Return how many operational alerts are critical now."""
    fires = Query('count(ALERTS{alertstate="firing", severity="critical", alertname!~"PileOn.*"}) or vector(0)')
    return number("Critical alerts", said, fires, steps=Steps(look=1, bad=1), span=span, height=4, decimals=0, links=[runbook("Watchdog")])


def choice(name: str, label: str, said: str, values: Sequence[str], chosen: str) -> build.CustomVariable:
    """Return a variable with a few values to choose from."""
    options = [data.VariableOption(selected=value == chosen, text=value, value=value) for value in values]
    current = data.VariableOption(selected=True, text=chosen, value=chosen)
    return build.CustomVariable(name).label(label).description(said).values(",".join(values)).options(options).current(current)


def site(metric: str) -> build.QueryVariable:
    """Return the choice of sites that a metric knows."""
    asked = f"label_values({metric}, source)"
    variable = build.QueryVariable("source").label("Site").description("Sites as the settings name them; any other is “other”.")
    variable = variable.datasource(DATASOURCE).query({"query": asked, "refId": "source"}).definition(asked)
    variable = variable.refresh(data.VariableRefresh.ON_DASHBOARD_LOAD).sort(data.VariableSort.ALPHABETICAL_ASC)
    return variable.multi(True).include_all(True).all_value(".*").current(data.VariableOption(selected=True, text="All", value="$__all"))


def answer(name: str, label: str, said: str, asked: str, regex: str) -> build.QueryVariable:
    """Return a choice of what a regex finds in the answer to a query: unlike ``label_values``, whatever the chosen time."""
    query = f"query_result({asked})"
    variable = build.QueryVariable(name).label(label).description(said).datasource(DATASOURCE).regex(regex)
    variable = variable.query({"query": query, "refId": name}).definition(query)
    return variable.refresh(data.VariableRefresh.ON_DASHBOARD_LOAD).sort(data.VariableSort.ALPHABETICAL_ASC)


def _address(name: str, value: str) -> build.ConstantVariable:
    # A constant: a text box could be filled from a link, and would send an operator wherever the link's author likes.
    return build.ConstantVariable(name).value(value)


def _others() -> build.DashboardLink:
    link = build.DashboardLink("threadwatch").type(data.DashboardLinkType.DASHBOARDS).tags(["threadwatch"]).as_dropdown(False)
    return link.keep_time(True).include_vars(True)


def _to_console() -> build.DashboardLink:
    link = build.DashboardLink("Pile-ons one by one").type(data.DashboardLinkType.LINK).icon("external link").url("${console:raw}")
    return link.tooltip("The console, or Alertmanager's page where there is none").target_blank(True)


def _firing() -> build.AnnotationQuery:
    marks = build.AnnotationQuery().name("Operational alerts").datasource(DATASOURCE).enable(True).hide(False).icon_color("#CC79A7")
    return marks.expr(OPERATIONS).title_format("{{alertname}}").text_format("{{severity}}").step("60s").tag_keys("severity")
