"""Dead letters with their reasons and bytes: read from the broker when somebody asks, and kept nowhere."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from aiokafka.errors import KafkaError
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from streams.console.desk import Desk
from streams.console.posts import RefusedError, fields_of
from streams.engine import moment
from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.redrive import Letter, Redriven, latest_letters, try_again
from streams.topics import READ_TOPICS, Topic

_MOST: Final = 20
_BYTES: Final = 600
_WITHIN: Final = 20.0
_AGAIN_WITHIN: Final = 120.0
_MOST_AGAIN: Final = 2_000
"""Letters that a page sends back: each may be of megabytes, and all are held."""


class Shown(Struct, frozen=True):
    """A dead letter as the page shows it."""

    place: str
    reason: str
    detail: str
    at: datetime
    size: int
    begins: str
    """Its first bytes, those that are no plain letters escaped."""


class Dead:
    """The page of dead letters."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sending = asyncio.Lock()
        """Two who send back at once would both find nothing sent before."""

    async def again(self, request: Request) -> Response:
        """Send back what of one topic's dead letters is readable now, and say what became of them."""
        try:
            fields = await fields_of(self._desk, request, "send dead letters back")
            topic = next((topic for topic in READ_TOPICS if topic.name == fields.get("topic")), None)
            if topic is None:
                raise RefusedError(400, "There is no such topic. Nothing was sent.")
            done = await self._again(topic)
        except RefusedError as refused:
            return await self._page(request, refused.status, str(refused))
        told = f"{topic.name}: {done.sent} sent back, {done.before} were before, {done.left} still unreadable"
        self._desk.audit.note(datetime.now(UTC), request.state.viewer, "redrive", reason=told)
        return await self._page(request, 200, told=told)

    async def _again(self, topic: Topic) -> Redriven:
        try:
            async with asyncio.timeout(_AGAIN_WITHIN), self._sending:
                count, _ = await reached(self._desk.settings, latest_letters(self._desk.settings, topic, 0))
                if count > _MOST_AGAIN:
                    raise RefusedError(
                        409, f"{count:,} are too many for a page: threadwatch redrive {topic.name}, in a terminal, takes its time."
                    )
                return await reached(self._desk.settings, try_again(self._desk.settings, topic))
        except (UserError, KafkaError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise RefusedError(503, f"Some may be back, some not ({why}): try again, none goes twice.") from error

    async def letters(self, request: Request) -> Response:
        """Return the newest dead letters of each topic; that they were shown is noted, since they may hold anything."""
        return await self._page(request)

    async def _page(self, request: Request, status: int = 200, refused: str = "", told: str = "") -> Response:
        self._desk.audit.note(datetime.now(UTC), request.state.viewer, "dead_letters")
        found: dict[str, tuple[int, list[Shown]]] = {}
        problem = ""
        try:
            async with asyncio.timeout(_WITHIN):
                for topic in READ_TOPICS:
                    count, newest = await reached(self._desk.settings, latest_letters(self._desk.settings, topic, _MOST))
                    found[topic.name] = count, [shown(letter) for letter in newest]
        except (UserError, KafkaError, OSError, TimeoutError) as error:
            problem = str(error) or type(error).__name__
        return self._desk.page(
            request,
            "dead.html",
            503 if problem and status == 200 else status,
            found=found,
            problem=problem,
            refused=refused,
            told=told,
            most=_MOST,
        )


def shown(letter: Letter) -> Shown:
    """Return a letter's bytes as letters that a page can print."""
    value = letter.value or b""
    return Shown(
        f"{letter.partition}:{letter.offset}", letter.headers.get("reason", "?"), letter.headers.get("detail", "")[:200],
        moment(letter.timestamp_ms), len(value),
        value[:_BYTES].decode("utf-8", "backslashreplace") + ("…" if len(value) > _BYTES else ""),
    )  # fmt: skip
