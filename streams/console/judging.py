"""A verdict from a form to the log, and the page that says what became of it. Nothing typed is lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from aiokafka.errors import KafkaError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console import cases
from streams.console.access import Viewer
from streams.console.desk import Desk
from streams.console.pages import Pages, form
from streams.console.taking import millis
from streams.errors import UserError
from streams.kafka.connection import wait_for_broker
from streams.kafka.feedback import send
from streams.records import PileOn, Verdict

_BROKER_WITHIN: Final = timedelta(seconds=3)
_SENT_WITHIN: Final = 15.0
_BACK_WITHIN: Final = 4.0
"""Seconds. A verdict is shown once it came back from the log; who judges should see their own."""


class Judging:
    """Takes verdicts."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages

    async def judge(self, request: Request) -> Response:
        """Send one verdict and go back to the case."""
        viewer: Viewer = request.state.viewer
        pileon_id = request.path_params["pileon_id"]
        try:
            fields = await form(request)
        except ValueError:
            return await self._again(request, pileon_id, 400, "This form cannot be read. Nothing was sent.", {})
        if viewer.session and not self._desk.access.is_our_form(viewer, fields.get("form_token", "")):
            return await self._again(request, pileon_id, 403, "This form is too old, or not ours. Nothing was sent: send it again.", fields)
        if not viewer.may_judge:
            return await self._again(request, pileon_id, 403, "Your token lets you read; a moderator's is wanted to judge.", fields)
        case = await run_in_threadpool(self._case, pileon_id)
        if case is None:
            return self._pages.unknown(request)
        return await self._sent(request, viewer, case, fields)

    async def _sent(self, request: Request, viewer: Viewer, case: PileOn, fields: dict[str, str]) -> Response:
        try:
            verdict = verdict_of(case, viewer, fields, datetime.now(UTC))
        except (msgspec.ValidationError, UserError) as error:
            return await self._again(request, case.pileon_id, 400, f"Not sent: {error}.", fields)
        try:
            await wait_for_broker(self._desk.settings, _BROKER_WITHIN)
            async with asyncio.timeout(_SENT_WITHIN):
                await send(self._desk.settings, verdict)
        except (UserError, KafkaError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            return await self._again(request, case.pileon_id, 503, f"Not sent, the broker does not take it ({why}). Send it again.", fields)
        self._desk.audit.note(verdict.judged_at, viewer, "verdict", case.pileon_id, verdict.judgement)
        is_back = await self._came_back(verdict)
        return RedirectResponse(
            f"{request.url_for('pileon', pileon_id=case.pileon_id).path}?sent={'yes' if is_back else 'soon'}#verdicts", 303
        )

    async def _again(self, request: Request, pileon_id: str, status: int, problem: str, fields: dict[str, str]) -> Response:
        return await run_in_threadpool(self._pages.case_page, request, pileon_id, status, problem, fields)

    def _case(self, pileon_id: str) -> PileOn | None:
        with self._desk.reading() as connection:
            case = cases.one(connection, pileon_id, self._desk.view())
        return None if case is None else case.pileon

    async def _came_back(self, verdict: Verdict) -> bool:
        news = self._desk.feed.news
        deadline = asyncio.get_running_loop().time() + _BACK_WITHIN
        while not await run_in_threadpool(self._is_read, verdict):
            if asyncio.get_running_loop().time() >= deadline:
                return False
            news = await self._desk.feed.changed(news, within=0.3)
        return True

    def _is_read(self, verdict: Verdict) -> bool:
        with self._desk.reading() as connection:
            found: Any = connection.execute(
                "SELECT 1 FROM verdicts WHERE pileon_id = ? AND judge = ? AND judged = ?",
                (verdict.pileon_id, verdict.judge, millis(verdict.judged_at)),
            ).fetchone()
        return found is not None


def verdict_of(case: PileOn, viewer: Viewer, fields: dict[str, str], now: datetime) -> Verdict:
    """Return what the form says. ValidationError or UserError where it says too little or too much."""
    if not fields.get("judgement"):
        raise UserError("choose one of the three first")
    judge = viewer.name or fields.get("judge", "").strip()
    if not judge:
        raise UserError("say who judges")
    note = fields.get("note", "").replace("\r\n", "\n").strip() or None
    made = {
        "pileon_id": case.pileon_id, "judgement": fields["judgement"], "judge": judge, "note": note,
        "hostile_authors": case.hostile_authors, "judged_at": now,
    }  # fmt: skip
    return msgspec.convert(made, Verdict)
