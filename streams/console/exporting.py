"""Cases of a filter, or the ids of their hostile comments, as a file: for reviewers who say why, and it is noted."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from streams.console import cases
from streams.console.casefile import Reader
from streams.console.cases import Case
from streams.console.desk import Desk
from streams.console.filters import Filter
from streams.console.posts import RefusedError, fields_of, reason_of
from streams.console.sheets import csv_of, json_lines_of
from streams.console.shown import visible
from streams.console.texts import Opened

MOST: Final = 5_000
"""Cases of one file, the worst or the latest first."""
WHAT: Final = {"cases": "the cases", "comment_ids": "the ids of their hostile comments"}
FORMS: Final = {"csv": ("a table (CSV)", "text/csv; charset=utf-8"), "jsonl": ("JSON lines", "application/jsonl; charset=utf-8")}
Row = dict[str, Any]


def _at(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_OF_A_CASE: Final[dict[str, Callable[[Case], Any]]] = {
    "pileon_id": lambda case: case.pileon.pileon_id, "source": lambda case: case.pileon.source,
    "community": lambda case: case.pileon.community, "target": lambda case: case.pileon.target_id,
    "status": lambda case: str(case.pileon.status), "severity": lambda case: str(case.pileon.severity),
    "detector": lambda case: case.pileon.detector, "opened_at": lambda case: _at(case.pileon.opened_at),
    "closed_at": lambda case: _at(case.pileon.closed_at), "ended_because": lambda case: str(case.pileon.ended_because or ""),
    "hostile_authors": lambda case: case.pileon.hostile_authors,
    "usual_hostile_authors": lambda case: case.pileon.usual_hostile_authors,
    "replying_authors": lambda case: case.pileon.replying_authors, "hostile_replies": lambda case: case.pileon.hostile_replies,
    "replies": lambda case: case.pileon.replies, "conversations": lambda case: len(case.pileon.conversations),
    "verdicts": lambda case: " ".join(case.judgements), "held_by": lambda case: case.held.by if case.held is not None else "",
}  # fmt: skip
HEADS: Final = {"cases": tuple(_OF_A_CASE), "comment_ids": ("pileon_id", "source", "community", "comment_id")}
"""What the columns of each kind of file are called."""


class Exporting:
    """The page that asks, and the file."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        """Return the form, for the cases of the address's filter."""
        return self._page(request, Filter.of(request.query_params), {})

    async def file(self, request: Request) -> Response:
        """Return the file, once it was noted who takes it and why."""
        fields: dict[str, str] = {}
        try:
            fields = await fields_of(self._desk, request, "export cases", "reviewer")
            reason = reason_of(fields)
            if fields.get("what") not in WHAT or fields.get("as") not in FORMS:
                raise RefusedError(400, "Say what, and as which kind of file.", fields)
        except RefusedError as refused:
            return await run_in_threadpool(self._page, request, _filter(refused.fields), refused.fields, refused.status, str(refused))
        return await run_in_threadpool(self._made, request, fields, reason)

    def _made(self, request: Request, fields: dict[str, str], reason: str) -> Response:
        what, form, view = fields["what"], fields["as"], self._desk.view()
        with self._desk.reading() as connection, Opened(self._desk.model) as texts:
            found = cases.found(connection, _filter(fields), view, MOST)
            self._desk.audit.note(view.now, request.state.viewer, f"{what}_exported", reason=f"{len(found)} cases: {reason}")
            if what == "cases":
                rows: list[Row] = [row_of(case) for case in found]
            else:
                rows = [row for case in found for row in _ids(Reader(connection, texts, self._desk.numbers, case), case)]
        name = f"{what.replace('_', '-')}-{view.now:%Y%m%d-%H%M}.{form}"
        return Response(
            content(HEADS[what], rows, form), media_type=FORMS[form][1], headers={"content-disposition": f'attachment; filename="{name}"'}
        )  # fmt: skip

    def _page(self, request: Request, wanted: Filter, draft: dict[str, str], status: int = 200, problem: str = "") -> Response:
        with self._desk.reading() as connection:
            count = cases.count(connection, wanted)
        return self._desk.page(
            request,
            "export.html",
            status,
            query=wanted.query(),
            count=count,
            most=MOST,
            what=WHAT,
            forms=FORMS,
            draft=draft,
            problem=problem,
        )


def _filter(fields: dict[str, str]) -> Filter:
    return Filter.of(dict(parse_qsl(fields.get("filter", ""))))


def row_of(case: Case) -> Row:
    """Return what a file says of a case."""
    return {name: of(case) for name, of in _OF_A_CASE.items()}


def _ids(reader: Reader, case: Case) -> Iterator[Row]:
    pileon = case.pileon
    for name in reader.hostile_ids():
        yield dict(zip(HEADS["comment_ids"], (pileon.pileon_id, pileon.source, pileon.community, name), strict=True))


def content(heads: Sequence[str], rows: list[Row], form: str) -> str | bytes:
    """Return rows as such a file; in a table signs that are not seen stand visible, JSON keeps values as they are."""
    if form == "jsonl":
        return json_lines_of(rows)
    return visible(csv_of(heads, (row.values() for row in rows)).replace("\r\n", "\n"))
