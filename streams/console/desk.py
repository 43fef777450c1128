"""What every page needs: settings, the read model, who looks, and how a template becomes a page."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse

from streams.console.access import Access, Viewer
from streams.console.audit import Audit
from streams.console.cases import View
from streams.console.feed import Feed, Reading
from streams.console.numbers import Numbers, pseudonym
from streams.console.schema import open_to_read
from streams.console.shown import clipped, finalized
from streams.console.taking import MAX_TEXT
from streams.console.words import ago, spark_path
from streams.engine import moment
from streams.settings import Settings, pileon_config
from streams.stages.pileon_config import Config
from streams.stages.reasons import case_name, length, usually

JUDGEMENTS: Final = {"pile_on": "a pile-on", "not_one": "not one", "unsure": "unsure"}
KINDS: Final = {
    "parent": "a reply", "leading_mention": "begins with the name", "mention": "a mention", "name": "a name in the text",
    "quote": "a quotation",    "second_person": "says “you”", "page_order": "stands below", "conversation_author": "addresses the author",
}  # fmt: skip
"""How we know whom a comment is aimed at → as a page says it."""


class Desk(Struct):
    """One console."""

    settings: Settings
    model: Path
    numbers: Numbers
    access: Access
    audit: Audit
    feed: Feed
    templates: Environment

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to the read model for one page, which sees it as it is now, all along."""
        connection = open_to_read(self.model)
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()

    def view(self) -> View:
        """Return what counts as hostile, and now."""
        return View(datetime.now(UTC), self._config, self.settings.mutes)

    def _config(self, source: str, community: str) -> Config:
        return pileon_config(self.settings, f"{source}/{community}")

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page."""
        return HTMLResponse(self.part(request, template, **values), status)

    def part(self, request: Request, name: str, **values: Any) -> str:
        """Return a template's text: a page, or a part of one for a browser that has the rest."""
        viewer: Viewer | None = request.state.viewer
        given = {
            "viewer": viewer, "asks": self.access.asks, "reading": self.feed.reading, "now": datetime.now(UTC), "path": request.url.path,
            "form_token": self.access.form_token(viewer) if viewer is not None else "",
        }  # fmt: skip
        return self.templates.get_template(name).render(given | values)


def templates() -> Environment:
    """Return the environment of all pages: everything is escaped, and everything foreign made visible."""
    made = Environment(
        loader=PackageLoader("streams.console"), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        finalize=finalized, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {
        "judgements": JUDGEMENTS,
        "kinds": KINDS,
        "version": version("threadwatch"),
        "state_of": state_of,
        "usual": usually,
        "max_text": MAX_TEXT,
    }
    made.filters |= {"clip": clipped, "ago": ago, "case_name": case_name, "length_of": length, "utc": utc, "heat": heat, "moment": moment,
                     "pseudonym": pseudonym, "spark_path": spark_path}  # fmt: skip
    return made


def utc(at: datetime) -> str:
    """Return a time as a page says it before the viewer's own zone is known; with its year where that is not this year's."""
    at = at.astimezone(UTC)
    year = "" if at.year == datetime.now(UTC).year else f" {at.year}"
    return f"{at:%d %b}{year} {at:%H:%M} UTC"


def heat(share: float | None) -> str:
    """Return the class that colours a number from 0 to 1; the number stands in it."""
    return "h-none" if share is None else f"h{min(10, int(share * 10))}"


def state_of(reading: Reading) -> str:
    """Return how the console is doing: ``away``, ``loading``, ``behind`` or ``current``."""
    if reading.away_since is not None:
        return "away"
    if not reading.caught_up:
        return "loading"
    return "behind" if sum(reading.waiting.values()) > 1000 else "current"
