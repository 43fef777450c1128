"""Dead letters with their reasons and bytes: read from the broker when somebody asks, and kept nowhere."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from aiokafka.errors import KafkaError
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from streams.console.desk import Desk
from streams.engine import moment
from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.redrive import Letter, latest_letters
from streams.topics import READ_TOPICS

_MOST: Final = 20
_BYTES: Final = 600
_WITHIN: Final = 20.0


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

    async def letters(self, request: Request) -> Response:
        """Return the newest dead letters of each topic; that they were shown is noted, since they may hold anything."""
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
        return self._desk.page(request, "dead.html", 503 if problem else 200, found=found, problem=problem, most=_MOST)


def shown(letter: Letter) -> Shown:
    """Return a letter's bytes as letters that a page can print."""
    value = letter.value or b""
    return Shown(
        f"{letter.partition}:{letter.offset}", letter.headers.get("reason", "?"), letter.headers.get("detail", "")[:200],
        moment(letter.timestamp_ms), len(value),
        value[:_BYTES].decode("utf-8", "backslashreplace") + ("…" if len(value) > _BYTES else ""),
    )  # fmt: skip
