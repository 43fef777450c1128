"""Tell nobody of a person, or of one conversation, for a while: a record of ``config`` that workers and replays hold to."""

import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console.cases import Case
from streams.console.desk import Desk
from streams.console.pages import Pages
from streams.console.posts import RefusedError, came_back, fields_of, remembering, sent, who
from streams.console.silencing import Silencing
from streams.errors import UserError
from streams.kafka.mutes import send_mute
from streams.stages.alert import Mute
from streams.stages.muting import GRACE, PREFIX, Muting, ended

LASTS: Final = {"4h": timedelta(hours=4), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}


class Mutes:
    """Takes what moderators mute, and what they end."""

    def __init__(self, desk: Desk, pages: Pages, silencing: Silencing) -> None:
        self._desk, self._pages, self._silencing = desk, pages, silencing

    async def mute(self, request: Request) -> Response:
        """Mute whom or what a case is about, and go back to who is told."""
        return await self._done(request, made, "mute")

    async def unmute(self, request: Request) -> Response:
        """End the mute that holds a case back."""
        return await self._done(request, ended_of, "unmute")

    async def _done(self, request: Request, make: Any, what: str) -> Response:
        pileon_id = request.path_params["pileon_id"]
        try:
            fields = await fields_of(self._desk, request, "mute alerts")
            case = await run_in_threadpool(self._pages.case, pileon_id)
            if case is None:
                return self._pages.unknown(request)
            return await self._sent(request, case, make, what, fields)
        except RefusedError as refused:
            return await self._silencing.shown(request, refused.status, str(refused), refused.fields)

    async def _sent(self, request: Request, case: Case, make: Any, what: str, fields: dict[str, str]) -> Response:
        now, viewer, pileon_id = datetime.now(UTC), request.state.viewer, case.pileon.pileon_id
        try:
            said: Muting = make(case, fields, who(viewer, fields), now)
        except (msgspec.ValidationError, UserError) as error:
            raise RefusedError(400, f"Not sent: {error}.", fields) from error
        await sent(self._desk, lambda: send_mute(self._desk.settings, said, now), fields)
        self._desk.audit.note(now, viewer, what, pileon_id, reason=said.mute.reason if what == "mute" else said.name)
        is_back = await came_back(self._desk, lambda connection: _is_read(connection, said))
        done = f"{what}d" if is_back else "soon"
        answer = RedirectResponse(f"{request.url_for('silence', pileon_id=pileon_id).path}?done={done}#mute", 303)
        return remembering(self._desk, request, answer, said.by)


def _is_read(connection: sqlite3.Connection, said: Muting) -> bool:
    found = connection.execute("SELECT 1 FROM mutes WHERE name = ? AND version >= ?", (said.name, said.version)).fetchone()
    return found is not None


def made(case: Case, fields: dict[str, str], by: str, now: datetime) -> Muting:
    """Return the mute that a form asks for; it begins some seconds from now. UserError or ValidationError where it cannot be."""
    pileon, lasts, whom, reason = case.pileon, fields.get("lasts", ""), fields.get("whom", ""), fields.get("reason", "").strip()
    if lasts not in LASTS or whom not in ("person", "conversation"):
        raise UserError("say whom or what, and for how long")
    if not reason:
        raise UserError("say why")
    if whom == "conversation" and len(pileon.conversations) != 1:
        raise UserError("this case runs through several conversations: mute the person")
    since = now + GRACE
    about = {"target": pileon.target_id} if whom == "person" else {"conversation": pileon.conversations[0]}
    where = {"source": pileon.source, "community": pileon.community}
    times = {"since": since, "until": since + LASTS[lasts]}
    mute = msgspec.convert({**about, **where, **times, "reason": reason, "from_arrival": True}, Mute)
    return Muting(name=f"{PREFIX}{secrets.token_hex(8)}", version=1, by=by, mute=mute)


def ended_of(case: Case, _fields: dict[str, str], by: str, now: datetime) -> Muting:
    """Return the case's mute, ended. UserError where it has none."""
    if case.muting is None:
        raise UserError("this case is not muted, or not any more")
    return ended(case.muting, now, by)
