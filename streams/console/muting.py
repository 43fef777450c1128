"""Tell nobody of a person, or of one conversation, for a while: a record of ``config`` that workers and replays hold to."""

import asyncio
import re
import sqlite3
from collections.abc import Sequence
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
from streams.kafka.mutes import send_mutes
from streams.stages.alert import Mute
from streams.stages.muting import FIRST, GRACE, PREFIX, Muting, ended, is_muting

LASTS: Final = {"4h": timedelta(hours=4), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_NAME: Final = re.compile("[0-9a-f]{16}")
_ENDING: Final = timedelta(minutes=1)
"""What ends by itself so soon is not ended: to send it may take as long."""


class Mutes:
    """Takes what moderators mute, and what they end."""

    def __init__(self, desk: Desk, pages: Pages, silencing: Silencing) -> None:
        self._desk, self._pages, self._silencing = desk, pages, silencing
        self._one_at_a_time = asyncio.Lock()

    async def mute(self, request: Request) -> Response:
        """Mute whom or what a case is about, and go back to who is told."""
        return await self._done(request, made, "mute")

    async def unmute(self, request: Request) -> Response:
        """End every mute that holds a case back."""
        return await self._done(request, ended_of, "unmute")

    async def _done(self, request: Request, make: Any, what: str) -> Response:
        pileon_id = request.path_params["pileon_id"]
        try:
            fields = await fields_of(self._desk, request, "mute alerts")
            async with self._one_at_a_time:  # what was sent is read back before another one looks whether there is one
                case = await run_in_threadpool(self._pages.case, pileon_id)
                if case is None:
                    return self._pages.unknown(request)
                return await self._sent(request, case, make, what, fields)
        except RefusedError as refused:
            return await self._silencing.shown(request, refused.status, str(refused), refused.fields)

    async def _sent(self, request: Request, case: Case, make: Any, what: str, fields: dict[str, str]) -> Response:
        now, viewer, pileon_id = datetime.now(UTC), request.state.viewer, case.pileon.pileon_id
        try:
            by = who(viewer, fields)
            said: Sequence[Muting] = make(case, fields, by, now)
        except (msgspec.ValidationError, UserError) as error:
            raise RefusedError(400, f"Not sent: {error}.", fields) from error
        new: list[Muting] = []

        async def sending() -> None:
            new.extend(await send_mutes(self._desk.settings, said, now))

        await sent(self._desk, sending, fields)
        for each in new:
            self._desk.audit.note(now, viewer, what, pileon_id, reason=each.mute.reason if what == "mute" else each.name)
        is_back = await came_back(self._desk, lambda connection: all(_is_read(connection, each) for each in said))
        done = "already" if not new else f"{what}d" if is_back else "soon"
        answer = RedirectResponse(f"{request.url_for('silence', pileon_id=pileon_id).path}?done={done}#mute", 303)
        return remembering(self._desk, request, answer, by)


def _is_read(connection: sqlite3.Connection, said: Muting) -> bool:
    found = connection.execute("SELECT 1 FROM mutes WHERE name = ? AND version >= ?", (said.name, said.version)).fetchone()
    return found is not None


def made(case: Case, fields: dict[str, str], by: str, now: datetime) -> list[Muting]:
    """Return the mute that a form asks for. UserError or ValidationError where it cannot be."""
    pileon, lasts, whom, reason = case.pileon, fields.get("lasts", ""), fields.get("whom", ""), fields.get("reason", "").strip()
    if lasts not in LASTS or whom not in ("person", "conversation"):
        raise UserError("say whom or what, and for how long")
    if not reason:
        raise UserError("say why")
    if whom == "conversation" and len(pileon.conversations) != 1:
        raise UserError("this case runs through several conversations: mute the person")
    if _NAME.fullmatch(fields.get("mute", "")) is None:
        raise UserError("the form is not whole: load the page again")
    since = now + GRACE
    about = {"target": pileon.target_id} if whom == "person" else {"conversation": pileon.conversations[0]}
    where = {"source": pileon.source, "community": pileon.community}
    times = {"since": since, "until": since + LASTS[lasts]}
    mute = msgspec.convert({**about, **where, **times, "reason": reason, "from_arrival": True}, Mute)
    said = Muting(name=f"{PREFIX}{fields['mute']}", version=FIRST, by=by, mute=mute)
    _check_alone(case, said)
    return [said]


def _check_alone(case: Case, said: Muting) -> None:
    """Raise UserError where the same person, or conversation, is muted already: to end one would leave the other."""
    for each in case.mutings:
        is_same = (each.mute.target, each.mute.conversation) == (said.mute.target, said.mute.conversation)
        if is_same and is_muting(each.name) and each.name != said.name:  # of that name: the form was sent twice
            raise UserError(f"muted already, until {each.mute.until:%Y-%m-%d %H:%M} UTC; end that one first, or wait until it is over")


def ended_of(case: Case, _fields: dict[str, str], by: str, now: datetime) -> list[Muting]:
    """Return the case's mutes, ended; none where somebody ended them. UserError where it has none, or none that a button ends."""
    ours = [each for each in case.mutings if is_muting(each.name)]
    if not ours:
        raise UserError("this case is not muted by a button, or not any more")
    going = [each for each in ours if each.ended_by is None and each.mute.until > now + _ENDING]
    if not going and all(each.ended_by is None for each in ours):
        raise UserError("it ends by itself within a minute")
    return [ended(each, now, by) for each in going]
