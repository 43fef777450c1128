"""One conversation whole, whomever its comments are aimed at, and the cases that run through it."""

import sqlite3
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from streams.console import cases
from streams.console.cases import Case, View
from streams.console.desk import Desk
from streams.console.numbers import pseudonym
from streams.console.pages import opened_folds
from streams.console.talks import Marks, Talk, talk
from streams.console.texts import Opened
from streams.records import PileOn

_TOXIC: Final = 0.5
"""From this toxicity on a comment stays where the rest of a large conversation is folded."""
_LOOKED_AT: Final = 200
_MOST: Final = 20
_DECODE: Final = msgspec.json.Decoder(PileOn).decode


class Conversations:
    """The page of one conversation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        """Return it; that its comments were shown is noted first."""
        where, number = self._which(request)
        source, community, name = (where.get(part, "") for part in ("source", "community", "id"))
        view = self._desk.view()
        opened = opened_folds(request.query_params.getlist("open")).get(0)
        with self._desk.reading() as connection, Opened(self._desk.model) as texts:
            found = talk(connection, texts, (0, name, number), self._marks(connection, number), opened)
            running = _running(connection, view, source, community, name)
            if found.comments:
                self._desk.audit.note(view.now, request.state.viewer, "text", conversation=pseudonym(number))
        if not found.comments and not running:
            return self._desk.page(request, "error.html", 404, title="No such conversation", what=(
                "None of its comments is here: they were deleted, are past their term, or are not read yet."))  # fmt: skip
        return self._shown(request, found, running, where)

    def _which(self, request: Request) -> tuple[dict[str, str], int]:
        """Return a conversation as the address names it, and its number: by its names, or by the number alone."""
        given = request.query_params.get("n", "")
        if given.isascii() and given.isdigit() and len(given) < 20 and int(given) < 1 << 63:
            return {"n": given}, int(given)
        where = {part: request.query_params.get(part, "")[:1024] for part in ("source", "community", "id")}
        return where, self._desk.numbers.conversation(where["source"], where["community"], where["id"])

    def _marks(self, connection: sqlite3.Connection, number: int) -> Marks:
        rows = connection.execute("SELECT comment, toxicity FROM comments WHERE conversation = ? AND toxicity >= ?", (number, _TOXIC))
        return Marks({}, 1.0, dict(rows.fetchall()))

    def _shown(self, request: Request, found: Talk, running: list[Case], where: dict[str, str]) -> Response:
        severe_shown = request.query_params.get("severe") == "shown"
        keep: dict[str, Any] = where | ({"severe": "shown"} if severe_shown else {})
        return self._desk.page(
            request, "conversation.html", talk=found, where=where, title=_title(where), keep=urlencode(keep) + "&", plain=urlencode(where),
            severe_shown=severe_shown, cases=running, news=None, query={},
        )  # fmt: skip


def _title(where: dict[str, str]) -> str:
    return f"Conversation {pseudonym(int(where['n']))}" if "n" in where else where["id"]


def _running(connection: sqlite3.Connection, view: View, source: str, community: str, name: str) -> list[Case]:
    """Return the cases that run through a conversation, the latest first."""
    rows = connection.execute(
        "SELECT * FROM pileons WHERE source = ? AND community = ? AND instr(CAST(record AS TEXT), ?) ORDER BY updated DESC LIMIT ?",
        (source, community, msgspec.json.encode(name).decode(), _LOOKED_AT),
    ).fetchall()
    return cases.cases_of(connection, [row for row in rows if name in _DECODE(row["record"]).conversations][:_MOST], view)
