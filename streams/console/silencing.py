"""Who is told of a case: what Alertmanager does with its alert, silences of it, and mutes of whom it is about."""

import secrets
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from streams.console import alerting, cases
from streams.console.access import Viewer
from streams.console.alerting import Matcher
from streams.console.desk import Desk
from streams.console.pages import Pages
from streams.console.posts import MAX_REASON, RefusedError, fields_of, remembering, who
from streams.errors import UserError
from streams.lines import quoted
from streams.records import PileOn
from streams.site_names import shown
from streams.stages.reasons import case_name

LASTS: Final = {
    "1h": ("1 hour", timedelta(hours=1)), "4h": ("4 hours", timedelta(hours=4)), "1d": ("1 day", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
}  # fmt: skip
NOT_HEARD: Final = 502
SCOPES: Final = ("case", "community")
MUTE_LASTS: Final = {"4h": "4 hours", "1d": "1 day", "7d": "7 days", "30d": "30 days"}


class Silencing:
    """The page of one case's alert."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages
        self._urls = [url.rstrip("/") for url in dict.fromkeys(desk.settings.alertmanager.urls)]

    async def page(self, request: Request) -> Response:
        """Return who is told of a case."""
        return await self.shown(request, 200, "", {})

    async def state(self, request: Request) -> Response:
        """Return one line of it, for the case's own page."""
        pileon_id = request.path_params["pileon_id"]
        told = await alerting.told(self._urls, pileon_id) if await self._case(pileon_id) else []
        return HTMLResponse(self._desk.part(request, "alert_state.html", told=told))

    async def silence(self, request: Request) -> Response:
        """Make a silence and go back to the page."""
        return await self._done(request, self._silenced)

    async def unsilence(self, request: Request) -> Response:
        """End a silence and go back to the page."""
        return await self._done(request, self._ended)

    async def _done(self, request: Request, do: Any) -> Response:
        try:
            fields = await fields_of(self._desk, request, "silence alerts")
            case = await self._case(request.path_params["pileon_id"])
            if case is None:
                return self._pages.unknown(request)
            try:
                by = who(request.state.viewer, fields)
                told = await do(request.state.viewer, case.pileon, fields, by)
            except UserError as error:
                raise RefusedError(400, f"It was not done: {error}.", fields) from error
        except RefusedError as refused:
            return await self.shown(request, refused.status, str(refused), refused.fields)
        answer = RedirectResponse(f"{request.url_for('silence', pileon_id=case.pileon.pileon_id).path}?done={told}", 303)
        return remembering(self._desk, request, answer, by)

    async def _silenced(self, viewer: Viewer, pileon: PileOn, fields: dict[str, str], by: str) -> str:
        lasts, scope, reason = fields.get("lasts", ""), fields.get("scope", ""), fields.get("reason", "").strip()
        if lasts not in LASTS or scope not in SCOPES:
            raise UserError("say what, and for how long")
        if not 0 < len(reason) <= MAX_REASON:
            raise UserError(f"say why, in at most {MAX_REASON} signs")
        now = datetime.now(UTC)
        comment = f"case {case_name(pileon.pileon_id)}, from threadwatch's console: {reason}"
        try:
            many = await alerting.silence(self._urls, matchers(pileon, scope), now + LASTS[lasts][1], by, comment)
        except alerting.NotSilencedError as error:
            told = _not_silenced(error)
            raise RefusedError(NOT_HEARD, told, fields) from error
        self._desk.audit.note(now, viewer, f"silence_{scope}", pileon.pileon_id, reason=reason)
        return "all" if many == len(self._urls) else "some"

    async def _ended(self, viewer: Viewer, pileon: PileOn, fields: dict[str, str], _by: str) -> str:
        name = fields.get("silence", "")
        if not name or not all(sign.isascii() and (sign.isalnum() or sign == "-") for sign in name) or len(name) > 100:
            raise UserError("there is no such silence")
        ours = {each.id for one in await alerting.told(self._urls, pileon.pileon_id) for each in one.silences}
        if name not in ours:  # anybody's silence of anything could be ended else
            raise UserError("there is no such silence of this case")
        await alerting.end(self._urls, name)
        self._desk.audit.note(datetime.now(UTC), viewer, "unsilence", pileon.pileon_id, reason=name)
        return "ended"

    async def shown(self, request: Request, status: int, problem: str, draft: dict[str, str]) -> Response:
        """Return the page; with ``problem`` and what was typed where a form was not taken."""
        case = await self._case(request.path_params["pileon_id"])
        if case is None:
            return self._pages.unknown(request)
        command = by_hand(case.pileon, draft, _by(request.state.viewer, draft)) if status == NOT_HEARD else ""
        return self._desk.page(
            request, "silence.html", status, case=case, pileon=case.pileon, told=await alerting.told(self._urls, case.pileon.pileon_id),
            lasts=LASTS, mute_lasts=MUTE_LASTS, problem=problem, draft=draft, by_hand=command, done=request.query_params.get("done", ""),
            mute_name=_mute_name(draft),
        )  # fmt: skip

    async def _case(self, pileon_id: str) -> cases.Case | None:
        return await run_in_threadpool(self._pages.case, pileon_id)


def _not_silenced(error: alerting.NotSilencedError) -> str:
    """Return what is said where no Alertmanager says that it has the silence."""
    if error.may_be:
        return (
            f"It is not known whether anybody was silenced: {error}. One that was asked may have the silence: it is listed here then, "
            "once it answers. To send it again may make a second one, which does no harm. What you typed stands below."
        )
    return f"Nobody was silenced: {error}. What you typed stands below: send it again, or do it by hand."


def _mute_name(draft: dict[str, str]) -> str:
    """Return the name of the mute that the form would make: a form that is sent twice makes one."""
    return draft.get("mute") or secrets.token_hex(8)


def matchers(pileon: PileOn, scope: str) -> list[Matcher]:
    """Return which alerts are meant: those of this case, or all pile-ons of its community."""
    kind = Matcher(name="alertname", value="PileOn")
    if scope == "case":
        return [kind, Matcher(name="pileon", value=pileon.pileon_id)]
    return [kind, Matcher(name="source", value=shown(pileon.source)), Matcher(name="community", value=shown(pileon.community))]


def _by(viewer: Viewer, draft: dict[str, str]) -> str:
    return viewer.name or draft.get("judge", "").strip() or viewer.called


def by_hand(pileon: PileOn, fields: dict[str, str], by: str) -> str:
    """Return the command that makes the silence of a form, for whoever sits where Alertmanager runs."""
    scope, lasts = fields.get("scope", "case"), fields.get("lasts", "4h")
    asked = [f"{matcher.name}={quoted(matcher.value)}" for matcher in matchers(pileon, scope)]
    hours = int(LASTS.get(lasts, LASTS["4h"])[1].total_seconds() // 3600)
    comment = f"case {case_name(pileon.pileon_id)}: {fields.get('reason', '')}"
    words = ["amtool", "silence", "add", *asked, f"--duration={hours}h", f"--author={by}", f"--comment={comment}"]
    return " ".join(map(shlex.quote, words))
