"""What every form has in common: only ours is taken, only by whom it is allowed, and what was sent is shown once it came back."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs

import msgspec
from aiokafka.errors import KafkaError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from streams.console.access import Viewer
from streams.console.desk import Desk
from streams.console.guard import MAX_BODY, cookie_line
from streams.console_settings import is_word_of_ours
from streams.errors import UserError
from streams.kafka.connection import wait_for_broker

FIELDS: Final = 20
MAX_REASON: Final = 500
_MAX_NAME: Final = 200
_BROKER_WITHIN: Final = timedelta(seconds=3)
_SENT_WITHIN: Final = 15.0
_BACK_WITHIN: Final = 4.0
"""Seconds. What was sent is shown once it came back from the log; who sent it should see it."""


class RefusedError(Exception):
    """A form that is not taken: with which status, why in words, and what was typed, so that nothing of it is lost."""

    def __init__(self, status: int, why: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status, self.fields = status, fields or {}


async def form(request: Request) -> dict[str, str]:
    """Return a form's fields, the first of each name. The guard has bounded its length; the body cannot be longer than it says."""
    body = (await request.body())[:MAX_BODY]
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS)
    return {name: values[0] for name, values in fields.items()}


async def fields_of(desk: Desk, request: Request, doing: str, role: str = "moderator") -> dict[str, str]:
    """Return what was typed into a form of ours by somebody who may do this: of this role, or a higher one. RefusedError else.

    The request's viewer goes by the name in it from then on, where nobody is asked who they are.
    """
    viewer: Viewer = request.state.viewer
    try:
        fields = await form(request)
    except ValueError as error:
        raise RefusedError(400, "This form cannot be read. Nothing was sent.") from error
    if viewer.session and not desk.access.is_our_form(viewer, fields.get("form_token", "")):
        raise RefusedError(403, "This form is too old, or not ours. Nothing was sent: send it again.", fields)
    if not viewer.has(role):
        raise RefusedError(403, f"Your token is a {viewer.role}'s; a {role}'s is wanted to {doing}.", fields)
    request.state.viewer = _called(viewer, fields.get("judge", "").strip())
    return fields


def _called(viewer: Viewer, name: str) -> Viewer:
    if viewer.name is not None or not 0 < len(name) <= _MAX_NAME or not name.isprintable() or is_word_of_ours(name):
        return viewer
    return msgspec.structs.replace(viewer, called=name)


def who(viewer: Viewer, fields: dict[str, str]) -> str:
    """Return who does it: the token's name, else what was typed, now or before. UserError where nothing was."""
    name = viewer.name or fields.get("judge", "").strip() or viewer.called
    if name and name.isprintable():
        return name
    raise UserError("say who you are, in signs that can be seen" if name else "say who you are")


def reason_of(fields: dict[str, str]) -> str:
    """Return why somebody does it. RefusedError where that is not said."""
    reason = fields.get("reason", "").strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise RefusedError(400, f"Say why, in at most {MAX_REASON} signs.", fields)
    return reason


def note_of(fields: dict[str, str]) -> str | None:
    """Return what was typed as a note."""
    return fields.get("note", "").replace("\r\n", "\n").strip() or None


async def sent(desk: Desk, sending: Callable[[], Awaitable[object]], fields: dict[str, str]) -> None:
    """Send it. RefusedError where the broker does not take it."""
    try:
        await wait_for_broker(desk.settings, _BROKER_WITHIN)
        async with asyncio.timeout(_SENT_WITHIN):
            await sending()
    except (UserError, KafkaError, OSError, TimeoutError) as error:
        why = str(error) or type(error).__name__
        raise RefusedError(503, f"Not sent, the broker does not take it ({why}). Send it again.", fields) from error


async def came_back(desk: Desk, is_there: Callable[[sqlite3.Connection], bool]) -> bool:
    """Return whether it came back from the log while one can wait for it."""

    def looked() -> bool:
        with desk.reading() as connection:
            return is_there(connection)

    news = desk.feed.news
    deadline = asyncio.get_running_loop().time() + _BACK_WITHIN
    while not await run_in_threadpool(looked):
        if asyncio.get_running_loop().time() >= deadline:
            return False
        news = await desk.feed.changed(news, within=0.3)
    return True


def remembering(desk: Desk, request: Request, answer: Response, name: str) -> Response:
    """Return an answer that lets this session keep the name that somebody goes by, where nobody is asked for a token."""
    viewer: Viewer = request.state.viewer
    if viewer.name is None and viewer.session and not is_word_of_ours(name):
        called = msgspec.structs.replace(viewer, called=name)
        answer.headers.append("set-cookie", cookie_line(desk.access.cookie(called), request.url.scheme))
    return answer
