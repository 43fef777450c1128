"""Grafana's dashboards as code. ``python -m deploy.grafana.generator`` writes ``deploy/grafana/dashboards``; a contract test compares.

Not part of the installed program. A new dashboard is a module with ``built()`` and a line in DASHBOARDS.
"""

import json
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.generator import backtest, model, overview, pipeline

DASHBOARDS: Final = {"overview": overview.built, "pipeline": pipeline.built, "model": model.built, "backtest": backtest.built}
"""File name → what makes it."""


def text(name: str) -> str:
    """Return a dashboard's JSON, the same for the same code."""
    return json.dumps(_finished(DASHBOARDS[name]().build()), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _finished(made: Dashboard) -> Dashboard:
    """Number the panels, so that links to them last; show links and marks in sight, not in a menu as the SDK has it."""
    for number, panel in enumerate(made.panels or (), start=1):
        panel.id_val = number
    for link in made.links or ():
        link.placement = None  # type: ignore[assignment]  # absent in JSON; the SDK has no other way back from its default
    for marks in made.annotations.list_val or ():
        marks.placement = None  # type: ignore[assignment]  # as above
    return made


def described(name: str) -> dict[str, Any]:
    """Return a dashboard as Grafana reads it."""
    read: dict[str, Any] = json.loads(text(name))
    return read
