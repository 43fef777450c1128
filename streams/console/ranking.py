"""The pages of ``top``. People are for reviewers who say why, and it is noted."""

from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from streams.console import top
from streams.console.desk import Desk
from streams.console.posts import RefusedError, fields_of, reason_of
from streams.console.shown import visible


class Ranking:
    """Answers requests."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        """Return where it happened most; people only by a form that says why."""
        return self._page(request, request.query_params.get("period", ""))

    async def people(self, request: Request) -> Response:
        """Return the people whom most cases are about, as a page or as a file, to a reviewer who says why."""
        fields: dict[str, str] = {}
        try:
            fields = await fields_of(self._desk, request, "see whom most cases are about", "reviewer")
            reason = reason_of(fields)
        except RefusedError as refused:
            return await run_in_threadpool(self._page, request, fields.get("period", ""), refused.status, str(refused), refused.fields)
        return await run_in_threadpool(self._shown, request, fields, reason)

    def _shown(self, request: Request, fields: dict[str, str], reason: str) -> Response:
        over = top.period(fields.get("period", ""), datetime.now(UTC))
        is_file = fields.get("as") == "csv"
        self._desk.audit.note(over.ends, request.state.viewer, "people_exported" if is_file else "people", reason=reason)
        with self._desk.reading() as connection:
            found = top.people(connection, over)
        if not is_file:
            return self._page(request, over.name, draft=fields, people=found)
        name = f"most-piled-on-{over.name}-{over.ends:%Y%m%d}.csv"
        return Response(visible(top.csv(found).replace("\r\n", "\n")), media_type="text/csv; charset=utf-8",
                        headers={"content-disposition": f'attachment; filename="{name}"'})  # fmt: skip

    def _page(self, request: Request, period: str, status: int = 200, problem: str = "", draft: dict[str, str] | None = None,
              people: list[top.Place] | None = None) -> Response:  # fmt: skip
        over = top.period(period, datetime.now(UTC))
        with self._desk.reading() as connection:
            values: dict[str, Any] = {
                "communities": top.communities(connection, over), "conversations": top.conversations(connection, over),
            }  # fmt: skip
        return self._desk.page(
            request, "top.html", status, over=over, periods=top.PERIODS, people=people, problem=problem, draft=draft or {}, **values
        )
