"""A verdict from a form to the log, and the page that says what became of it. Nothing typed is lost."""

import sqlite3
from datetime import UTC, datetime

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console.access import Viewer
from streams.console.desk import Desk
from streams.console.pages import Pages
from streams.console.posts import RefusedError, came_back, fields_of, note_of, remembering, sent, who
from streams.console.taking import millis
from streams.errors import UserError
from streams.kafka.feedback import send
from streams.records import PileOn, Verdict


class Judging:
    """Takes verdicts."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages

    async def judge(self, request: Request) -> Response:
        """Send one verdict and go back to the case."""
        pileon_id = request.path_params["pileon_id"]
        try:
            fields = await fields_of(self._desk, request, "judge")
            case = await run_in_threadpool(self._pages.case, pileon_id)
            return self._pages.unknown(request) if case is None else await self._sent(request, case.pileon, fields)
        except RefusedError as refused:
            return await run_in_threadpool(self._pages.case_page, request, pileon_id, refused.status, str(refused), refused.fields)

    async def _sent(self, request: Request, case: PileOn, fields: dict[str, str]) -> Response:
        viewer: Viewer = request.state.viewer
        try:
            verdict = verdict_of(case, viewer, fields, datetime.now(UTC))
        except (msgspec.ValidationError, UserError) as error:
            raise RefusedError(400, f"Not sent: {error}.", fields) from error
        await sent(self._desk, lambda: send(self._desk.settings, verdict), fields)
        self._desk.audit.note(verdict.judged_at, viewer, "verdict", case.pileon_id, verdict.judgement)
        is_back = await came_back(self._desk, lambda connection: _is_read(connection, verdict))
        where = request.url_for("pileon", pileon_id=case.pileon_id).path
        answer = RedirectResponse(f"{where}?sent={'yes' if is_back else 'soon'}#verdicts", 303)
        return remembering(self._desk, request, answer, verdict.judge)


def _is_read(connection: sqlite3.Connection, verdict: Verdict) -> bool:
    found = connection.execute(
        "SELECT 1 FROM verdicts WHERE pileon_id = ? AND judge = ? AND judged = ?",
        (verdict.pileon_id, verdict.judge, millis(verdict.judged_at)),
    ).fetchone()
    return found is not None


def verdict_of(case: PileOn, viewer: Viewer, fields: dict[str, str], now: datetime) -> Verdict:
    """Return what the form says. ValidationError or UserError where it says too little or too much."""
    if not fields.get("judgement"):
        raise UserError("choose one of the three first")
    made = {
        "pileon_id": case.pileon_id, "judgement": fields["judgement"], "judge": who(viewer, fields), "note": note_of(fields),
        "hostile_authors": case.hostile_authors, "judged_at": now,
    }  # fmt: skip
    return msgspec.convert(made, Verdict)
