"""The web application, top to bottom: address → page."""

import logging
import sqlite3
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streams.console.backtests import Backtests
from streams.console.conversation import Conversations
from streams.console.dead import Dead
from streams.console.desk import Desk
from streams.console.exporting import Exporting
from streams.console.guard import Guard
from streams.console.hands import Hands
from streams.console.health import Health
from streams.console.judge_next import Queue
from streams.console.judging import Judging
from streams.console.muting import Mutes
from streams.console.pages import Pages
from streams.console.ranking import Ranking
from streams.console.search import Search
from streams.console.signing_in import SigningIn
from streams.console.silencing import Silencing
from streams.console.stream import Stream
from streams.console.watching import Watching

log = logging.getLogger("threadwatch.console")
STATIC = Path(__file__).parent / "static"


def application(desk: Desk) -> Starlette:
    """Return the console as an ASGI application."""
    pages = Pages(desk)
    judging, hands, stream, dead = Judging(desk, pages), Hands(desk, pages), Stream(desk), Dead(desk)
    silencing, queue, ranking, backtests = Silencing(desk, pages), Queue(desk), Ranking(desk), Backtests(desk)
    signing_in = SigningIn(desk)
    mutes = Mutes(desk, pages, silencing)
    health, exporting, search = Health(desk), Exporting(desk), Search(desk)

    async def not_found(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return desk.page(
            request, "error.html", status, title="No such page", what="This address leads to no page. Live has every open case."
        )

    async def damaged(request: Request, error: Exception) -> Response:
        log.error("the read model cannot be read: %s", error)
        return desk.page(request, "error.html", 500, title="The read model cannot be read", what=(
            f"SQLite says: {error}. What it holds stands in the topics too: `threadwatch console --rebuild` makes it anew."))  # fmt: skip

    async def ready(_request: Request) -> Response:
        is_current = desk.feed.reading.caught_up and desk.feed.reading.away_since is None
        return JSONResponse({"caught_up": is_current}, 200 if is_current else 503)

    return Starlette(
        routes=[
            Route("/", pages.live, name="live"),
            Route("/live/stream", stream.live),
            Route("/pileons/{pileon_id}", pages.pileon, name="pileon"),
            Route("/pileons/{pileon_id}/verdict", judging.judge, methods=["POST"]),
            Route("/pileons/{pileon_id}/handling", hands.step, methods=["POST"]),
            Route("/pileons/{pileon_id}/alert", silencing.state),
            Route("/pileons/{pileon_id}/silence", silencing.page, name="silence"),
            Route("/pileons/{pileon_id}/silence", silencing.silence, methods=["POST"]),
            Route("/pileons/{pileon_id}/unsilence", silencing.unsilence, methods=["POST"]),
            Route("/pileons/{pileon_id}/mute", mutes.mute, methods=["POST"]),
            Route("/pileons/{pileon_id}/unmute", mutes.unmute, methods=["POST"]),
            Route("/pileons/{pileon_id}/course", pages.course),
            Route("/pileons/{pileon_id}/comment-ids", pages.comment_ids),
            Route("/queue", queue.page),
            Route("/queue/next", queue.next),
            Route("/watched", Watching(desk).page),
            Route("/top", ranking.page),
            Route("/top/people", ranking.people, methods=["POST"]),
            Route("/find", search.page),
            Route("/find/people", search.people, methods=["POST"]),
            Route("/export", exporting.page),
            Route("/export", exporting.file, methods=["POST"]),
            Route("/conversation", Conversations(desk).page),
            Route("/backtests", backtests.page),
            Route("/backtests/{name}", backtests.report),
            Route("/health", health.page),
            Route("/health/lags", health.lags),
            Route("/health/dead-letters", dead.letters),
            Route("/health/dead-letters", dead.again, methods=["POST"]),
            Route("/readyz", ready),
            Route("/login", signing_in.page),
            Route("/login", signing_in.with_token, methods=["POST"]),
            Route("/login/start", signing_in.start),
            Route("/login/back", signing_in.back),
            Route("/logout", signing_in.out, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, access=desk.access, console=desk.settings.console)],
        exception_handlers={404: not_found, 405: not_found, sqlite3.DatabaseError: damaged},
    )
