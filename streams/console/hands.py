"""Who takes a case on, gives it back, or notes something: from a form to the log, and what became of it."""

import sqlite3
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from streams.console.access import Viewer
from streams.console.desk import Desk
from streams.console.filters import Filter
from streams.console.pages import Pages
from streams.console.posts import RefusedError, came_back, fields_of, note_of, remembering, sent, who
from streams.console.taking import millis
from streams.errors import UserError
from streams.kafka.produce import send_records_async
from streams.records import Handling, Step
from streams.topics import HANDLING


class Hands:
    """Takes what moderators do with cases besides judging them."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages

    async def step(self, request: Request) -> Response:
        """Send one step and go back to where it was taken: the case, or the list, of which a script gets the row alone."""
        pileon_id = request.path_params["pileon_id"]
        try:
            fields = await fields_of(self._desk, request, "take cases on")
            if await run_in_threadpool(self._pages.case, pileon_id) is None:
                return self._pages.unknown(request)
            return await self._sent(request, pileon_id, fields)
        except RefusedError as refused:
            if _is_by_script(request):
                return HTMLResponse(self._desk.part(request, "told.html", problem=str(refused)), refused.status)
            return await run_in_threadpool(
                self._pages.case_page, request, pileon_id, refused.status, str(refused), refused.fields, "handling"
            )

    async def _sent(self, request: Request, pileon_id: str, fields: dict[str, str]) -> Response:
        viewer: Viewer = request.state.viewer
        try:
            done = handling_of(pileon_id, viewer, fields, datetime.now(UTC))
        except (msgspec.ValidationError, UserError) as error:
            raise RefusedError(400, f"Not sent: {error}.", fields) from error
        await sent(self._desk, lambda: send_records_async(self._desk.settings, HANDLING, [done]), fields)
        self._desk.audit.note(done.at, viewer, done.step, pileon_id)
        is_back = await came_back(self._desk, lambda connection: _is_read(connection, done))
        return remembering(self._desk, request, await self._told(request, done, is_back, fields), done.by)

    async def _told(self, request: Request, done: Handling, is_back: bool, fields: dict[str, str]) -> Response:
        case = await run_in_threadpool(self._pages.case, done.pileon_id)
        is_late = is_back and done.step is Step.CLAIM and case is not None and case.held is not None and case.held.by != done.by
        if _is_by_script(request):
            problem = "Somebody was faster." if is_late else ""
            query = _query(fields)
            return HTMLResponse(self._desk.part(request, "told.html", case=case, problem=problem, query=query, news=None))
        told = "late" if is_late else "yes" if is_back else "soon"
        if "back" in fields:
            return RedirectResponse(f"/?{urlencode(_query(fields) | {'sent': told})}#case-{done.pileon_id}", 303)
        return RedirectResponse(f"{request.url_for('pileon', pileon_id=done.pileon_id).path}?sent={told}#handling", 303)


def _is_by_script(request: Request) -> bool:
    return "hx-request" in request.headers


def _query(fields: dict[str, str]) -> dict[str, str]:
    """Return the filter of the list that one comes from."""
    return Filter.of(dict(parse_qsl(fields.get("back", "")))).query()


def _is_read(connection: sqlite3.Connection, done: Handling) -> bool:
    found = connection.execute(
        "SELECT 1 FROM handling WHERE pileon_id = ? AND who = ? AND said = ?", (done.pileon_id, done.by, millis(done.at))
    ).fetchone()
    return found is not None


def handling_of(pileon_id: str, viewer: Viewer, fields: dict[str, str], now: datetime) -> Handling:
    """Return what the form says. ValidationError or UserError where it says too little or too much."""
    step, note = fields.get("step", ""), note_of(fields)
    if step == Step.NOTE and note is None:
        raise UserError("the note is empty")
    made = {
        "pileon_id": pileon_id, "step": step, "by": who(viewer, fields), "note": note, "at": now,
        "instead_of": (fields.get("instead_of") or None) if step == Step.CLAIM else None,
    }  # fmt: skip
    return msgspec.convert(made, Handling)
