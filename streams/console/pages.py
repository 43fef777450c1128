"""The pages: Live, and one pile-on. A page whose data cannot be had says why, and shows what is known."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from streams.console import cases
from streams.console.casefile import Reader, steps
from streams.console.course import chart, critical_from, told
from streams.console.desk import Desk
from streams.console.filters import Filter
from streams.console.holding import followed, steps_of
from streams.console.posts import FIELDS
from streams.console.texts import Opened
from streams.console.unseen import SURE, hostile_elsewhere, people_elsewhere, unseen
from streams.console.visits import COOKIE, Visit, news
from streams.console.words import facts, fired, what_if, why
from streams.records import Severity

FORMS: Final = ("handling", "verdict")
_ENDED: Final = 5
"""Cases that ended lately, below the open ones."""


class Pages:
    """Answers requests. Everything here is read from the read model alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def live(self, request: Request) -> Response:
        """Return the list of cases."""
        wanted = Filter.of(request.query_params)
        visit = Visit.of(request.cookies.get(COOKIE), datetime.now(UTC))
        most = 10_000 if request.query_params.get("show") == "all" else cases.MOST
        with self._desk.reading() as connection:
            values: dict[str, Any] = {
                "cases": cases.found(connection, wanted, self._desk.view(), most),
                "ended": cases.found(connection, wanted.ended(), self._desk.view(), _ENDED) if wanted.status == "open" else [],
                "count": cases.count(connection, wanted),
                "open": cases.count(connection, Filter()),
                "places": cases.places(connection),
                "holders": cases.holders(connection),
                "news": news(connection, visit.before),
                "change": cases.change(connection),
                "newest": cases.newest(connection),
            }
        query = wanted.query()
        since = urlencode(query | {"since": str(values["change"]), "visit": str(visit.before)})
        answer = self._desk.page(request, "live.html", wanted=wanted, query=query, stream=f"/live/stream?{since}",
                                 severities=list(Severity), sent=request.query_params.get("sent", ""), **values)  # fmt: skip
        answer.headers.append("set-cookie", visit.line(request.url.scheme))
        return answer

    def pileon(self, request: Request) -> Response:
        """Return one case whole; that its comments were shown is noted first."""
        return self.case_page(request, request.path_params["pileon_id"])

    def case_page(self, request: Request, pileon_id: str, status: int = 200, problem: str = "",
                  draft: Mapping[str, str] | None = None, at: str = "verdict") -> Response:  # fmt: skip
        """Return a case's page; with ``problem`` and what was typed, where a form was not taken: ``at`` says which."""
        view = self._desk.view()
        with self._desk.reading() as connection, Opened(self._desk.model) as texts:
            case = cases.one(connection, pileon_id, view)
            if case is None:
                return self.unknown(request)
            self._desk.audit.note(view.now, request.state.viewer, "text", pileon_id)
            reader = Reader(connection, texts, self._desk.numbers, case)
            all_steps = steps(connection, pileon_id)
            values: dict[str, Any] = {
                "people": reader.people(),
                "repeated": reader.repeated(),
                "talks": reader.talks(opened_folds(request.query_params.getlist("open"))),
                "crowd": reader.crowd(),
                "transitions": [pileon for pileon, _ in all_steps],
                "told": told(all_steps, self._desk.settings.alert.stale_after),
                "steps": followed(steps_of(connection, pileon_id))[0],
                "unseen": unseen(connection, self._desk.numbers, case),
                "hostile_elsewhere": hostile_elsewhere(connection, self._desk.numbers, case),
                "people_elsewhere": people_elsewhere(connection, self._desk.numbers, case),
            }
        config, step = case.config, fired(values["transitions"], case.pileon)
        return self._desk.page(
            request, "pileon.html", status, case=case, pileon=case.pileon, why=why(case, step, config), facts=facts(case, step, config),
            words=step.reason, config=config, critical=critical_from(case), what_if=what_if(case), sure=SURE,
            problems=dict.fromkeys(FORMS, "") | {at: problem}, draft=draft or {},
            sent=request.query_params.get("sent", ""),
            severe_shown=request.query_params.get("severe") == "shown", **values,
        )  # fmt: skip

    def case(self, pileon_id: str) -> cases.Case | None:
        """Return a case without its comments."""
        with self._desk.reading() as connection:
            return cases.one(connection, pileon_id, self._desk.view())

    def course(self, request: Request) -> Response:
        """Return a case's course as a chart draws it: numbers and times, no name and no text."""
        pileon_id = request.path_params["pileon_id"]
        with self._desk.reading() as connection, Opened(self._desk.model) as texts:
            case = cases.one(connection, pileon_id, self._desk.view())
            if case is None or not case.has_times:
                return self.unknown(request)
            answers = Reader(connection, texts, self._desk.numbers, case).answers()
            drawn = chart(case, answers, steps(connection, pileon_id), self._desk.settings.alert.stale_after)
        return Response(msgspec.json.encode(drawn), media_type="application/json")

    def comment_ids(self, request: Request) -> Response:
        """Return the ids of the hostile comments of a case, one a line, for the publisher's own tool; that they were shown is noted."""
        pileon_id = request.path_params["pileon_id"]
        view = self._desk.view()
        with self._desk.reading() as connection, Opened(self._desk.model) as texts:
            case = cases.one(connection, pileon_id, view)
            if case is None:
                return self.unknown(request)
            self._desk.audit.note(view.now, request.state.viewer, "comment_ids", pileon_id)
            ids = Reader(connection, texts, self._desk.numbers, case).hostile_ids()
        return PlainTextResponse("".join(f"{name}\n" for name in ids))

    def unknown(self, request: Request) -> Response:
        """Return the page for an id that leads nowhere."""
        return self._desk.page(request, "error.html", 404, title="No such case", what=(
            "There is no case with this id in what has been read so far. "
            "Ids stand in alerts and on Live; a case is kept for 400 days after its last change."))  # fmt: skip


def opened_folds(given: list[str]) -> dict[int, int]:
    """Return which conversations' folds are open, and from where on: ``1.40`` is conversation 1 from comment 40."""
    pairs = [each.split(".") for each in given[:FIELDS]]
    return {
        int(pair[0]): int(pair[1])
        for pair in pairs
        if len(pair) == 2 and all(part.isascii() and part.isdigit() and len(part) < 8 for part in pair)
    }
