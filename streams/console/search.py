"""The page of ``find``: cases, communities and conversations by words; people too, for reviewers who say why, and it is noted."""

from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console import finding
from streams.console.desk import Desk
from streams.console.posts import RefusedError, fields_of, reason_of


class Search:
    """Answers requests."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        """Return what the words lead to; where that is one case and nothing else, lead there."""
        words = finding.words_of(request.query_params.get("q", ""))
        found = self._found(words)
        if found is not None and found.only is not None:
            return RedirectResponse(request.url_for("pileon", pileon_id=found.only).path, 303)
        return self._page(request, words, found)

    async def people(self, request: Request) -> Response:
        """Return the people whose cases the words lead to, to a reviewer who says why."""
        fields: dict[str, str] = {}
        try:
            fields = await fields_of(self._desk, request, "find a person", "reviewer")
            reason = reason_of(fields)
            if not finding.words_of(fields.get("q", "")):
                raise RefusedError(400, "Say whom.", fields)
        except RefusedError as refused:
            return await run_in_threadpool(self._refused, request, refused)
        return await run_in_threadpool(self._people, request, fields, reason)

    def _people(self, request: Request, fields: dict[str, str], reason: str) -> Response:
        words = finding.words_of(fields["q"])
        with self._desk.reading() as connection:
            people = finding.people(connection, words)
        # How many, and never the words: they are a name, and nothing that somebody forgets may stand in the log.
        self._desk.audit.note(datetime.now(UTC), request.state.viewer, "people_found", reason=f"{len(people)} people: {reason}")
        return self._page(request, words, self._found(words), draft=fields, people=people)

    def _refused(self, request: Request, refused: RefusedError) -> Response:
        words = finding.words_of(refused.fields.get("q", ""))
        return self._page(request, words, self._found(words), refused.status, problem=str(refused), draft=refused.fields)

    def _found(self, words: str) -> finding.Found | None:
        if not words:
            return None
        with self._desk.reading() as connection:
            return finding.found(connection, self._desk.numbers, words, self._desk.view())

    def _page(self, request: Request, words: str, found: finding.Found | None, status: int = 200, **values: Any) -> Response:
        given: dict[str, Any] = {"problem": "", "draft": {}, "people": None} | values
        return self._desk.page(
            request, "find.html", status, looked_for=words, found=found, most=finding.MOST, min_beginning=finding.MIN_BEGINNING, news=None,
            query={}, **given,
        )  # fmt: skip
