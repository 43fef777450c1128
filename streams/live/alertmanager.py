"""Tell an Alertmanager what fires: a lease, posted again and again until the pile-on ends.

Building the payload is pure; posting is aiohttp. An Alertmanager that is away never stops the program: the next round
brings the same alerts, and a lease that lapses says "no longer monitored", not "ended".
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from streams.live.addresses import Resolver
from streams.live.storms import PASSED, link, opened, summary, within
from streams.live.unanswered import why_unanswered
from streams.live.wording import annotations
from streams.records import Severity
from streams.site_names import shown
from streams.stages.firing import Firing, Storm
from streams.stages.reasons import case_name

log = logging.getLogger("threadwatch.live")

Alert = dict[str, Any]
"""One alert of Alertmanager's API v2."""
Taken = Callable[[Sequence[Alert]], None]

BATCH: Final = 256
PATH: Final = "/api/v2/alerts"
STORM: Final = "PileOnStorm"
OK: Final = "ok"
REFUSED: Final = "refused"
FAILED: Final = "failed"
OUTCOMES: Final = (OK, REFUSED, FAILED)
_ONE_IS_BAD: Final = (400, 413, 422)
"""What is answered to a batch because of what is in it; any other 4xx is said to whatever we post."""
REPEAT_RESOLVE: Final = timedelta(minutes=20)
"""How long an end is posted again: longer than the lease, so that a post that failed is made good. One that was away hears it for as long
from when it takes posts again."""
ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
"""Since when an Alertmanager takes posts that was never away."""
REPEAT_UNHEARD: Final = timedelta(minutes=1)
"""The same for what opened and ended in a storm: two rounds. Alertmanager forgets it at its group's next turn, while the storm is on; what
is posted until the storm is over would be told as ended, beside others of its community, to people who never heard of it."""
_SETTLE: Final = 0.5
"""Seconds for Alertmanager's inhibitor to take note; it runs beside its dispatcher."""
_AWAY: Final = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, OSError)


def alerts(
    entries: Iterable[Firing | Storm], now: datetime, lease: timedelta, console_url: str = "", heard_since: datetime = ALWAYS
) -> list[Alert]:
    """Return what to post now, storms first (they inhibit the rest). A pile-on that escalated gives both severities.

    ``heard_since``: from when on who gets this has taken what it was posted. What ended before, it has not heard of.
    """
    found = list(entries)
    on = {entry.source: entry for entry in found if isinstance(entry, Storm)}
    storms = [alert for storm in on.values() for alert in _storm(storm, now, lease, console_url, heard_since)]
    told = [entry for entry in found if isinstance(entry, Firing) and _is_posted(entry, now, on.get(entry.source), heard_since)]
    return storms + [_pileon(firing, severity, now, lease, console_url) for firing in told for severity in firing.severities]


def _is_posted(firing: Firing, now: datetime, storm: Storm | None, heard_since: datetime) -> bool:
    """Return whether this is posted: what goes on is, and an end for a while after it could be heard.

    Who was told of a case before a storm is told its end, but the storm inhibits it: it is posted until the storm is over. Of a case
    that opened in the storm and ended in it nobody ever heard.
    """
    if firing.done_at is None:
        return True
    if storm is None or storm.since is None or storm.until is None or not storm.since <= firing.done_at < storm.until:
        return now - max(firing.done_at, heard_since) <= REPEAT_RESOLVE
    was_told = firing.fired_at is None or firing.fired_at < storm.since
    return now - max(storm.until, heard_since) <= REPEAT_RESOLVE if was_told else now < min(storm.until, firing.done_at + REPEAT_UNHEARD)


def _pileon(firing: Firing, severity: Severity, now: datetime, lease: timedelta, console_url: str) -> Alert:
    link = f"{console_url.rstrip('/')}/pileons/{firing.pileon_id}" if console_url else ""
    labels = {"alertname": "PileOn", "source": shown(firing.source), "community": shown(firing.community),
              "severity": str(severity), "pileon": firing.pileon_id}  # fmt: skip
    if severity is Severity.CRITICAL and not firing.is_one_of_many:
        labels["apart"] = case_name(firing.pileon_id)  # its own message: Alertmanager groups by it (ADR 37)
    ends_at = now if firing.done_at is not None else now + lease
    told = annotations(firing, firing.conversations, firing.ended_because, link, _before(firing, severity))
    told["changed_at"] = stamp(firing.updated_at)  # Alertmanager orders by labels: by this a text of many finds what is new
    alert = {"labels": labels, "annotations": told, "startsAt": stamp(min(firing.first_hostile_at, now)),
             "endsAt": stamp(ends_at)}  # fmt: skip
    return alert | ({"generatorURL": link} if link else {})


def _before(firing: Firing, severity: Severity) -> str:
    """Return what was told before this severity, if it got worse."""
    return str(firing.severities[0]) if severity is not firing.severities[0] else ""


def _storm(storm: Storm, now: datetime, lease: timedelta, console_url: str, heard_since: datetime) -> list[Alert]:
    """Return the one alert of a storm that is on, or whose end was not heard. It ends by itself: by its lease or when it has passed."""
    if storm.since is None or storm.until is None:
        return []
    if now >= storm.until and not (storm.until < heard_since and now - heard_since <= REPEAT_RESOLVE):
        return []
    labels = {"alertname": STORM, "source": shown(storm.source), "severity": str(Severity.CRITICAL)}
    told = {"summary": summary(storm), "description": "This stands for all of them; each is listed where open pile-ons are listed.",
            "pileons": str(opened(storm)), "within": within(storm)}  # fmt: skip
    if where := link(console_url, storm.source):
        told["link"] = where
    if storm.until <= now + lease:  # it ends by itself before the lease lapses: an end, not that nobody looks any more
        told["ended_because"] = PASSED
    alert = {"labels": labels, "annotations": told, "startsAt": stamp(min(storm.since, now)),
             "endsAt": stamp(min(storm.until, now + lease))}  # fmt: skip
    return [alert | ({"generatorURL": where} if where else {})]


def stamp(at: datetime) -> str:
    """Return a time as Alertmanager takes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def host_of(url: str) -> str:
    """Return what people read of an address: without name and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


class _AnsweredError(Exception):
    """An answer other than 2xx: ``status`` says which; without one there was none, because we stop."""

    def __init__(self, status: int = 0) -> None:
        super().__init__(str(status))
        self.status = status

    @property
    def outcome(self) -> str:
        """Return REFUSED for 4xx, where posting the same again will not help, else FAILED."""
        return REFUSED if 400 <= self.status < 500 else FAILED


def _uncounted(outcome: str) -> None:
    """Count nothing."""


def _unnoticed(alerts: Sequence[Alert]) -> None:
    """Note nothing."""


class Alertmanager:
    """Posts to one Alertmanager: one post after another. ``on_outcome`` gets one of OUTCOMES for each."""

    def __init__(
        self,
        url: str,
        on_outcome: Callable[[str], None] = _uncounted,
        *,
        deadline: timedelta = timedelta(seconds=10),
        attempt: timedelta = timedelta(seconds=5),
    ) -> None:
        """``deadline`` bounds a post with its retries, ``attempt`` one try."""
        self._url = url.rstrip("/")
        self._on_outcome = on_outcome
        self._deadline = deadline
        self._attempt, self._why = attempt, ""
        self._timeout = aiohttp.ClientTimeout(total=attempt.total_seconds())
        self._session: aiohttp.ClientSession | None = None
        self._last = (OK, 0, False)

    async def post(self, alerts: Sequence[Alert], on_taken: Taken = _unnoticed) -> bool:
        """Post, storms first; ``on_taken`` gets what was taken, when it is. Nothing is posted as an empty list.

        Return whether it takes alerts: it took some, though others may have been refused for what is in them.

        Never raises for one that is away or refuses: it is counted and said once.
        """
        if self._session is None:
            connector = aiohttp.TCPConnector(resolver=Resolver())
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, headers={"Content-Type": "application/json"})
        session = self._session
        storms = [alert for alert in alerts if alert["labels"]["alertname"] == STORM]
        others = [alert for alert in alerts if alert["labels"]["alertname"] != STORM]
        takes = False
        for part in [part for part in (storms, others) if part] or [others]:
            takes = await self._takes(session, part, on_taken)
            if part is storms:  # what is to inhibit must be known there before what it inhibits
                await asyncio.sleep(_SETTLE)
        return takes

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _takes(self, session: aiohttp.ClientSession, alerts: Sequence[Alert], on_taken: Taken) -> bool:
        waiting = [alerts[start : start + BATCH] for start in range(0, max(1, len(alerts)), BATCH)]
        worst, status, takes, is_all = OK, 0, False, False
        while waiting and not is_all:
            batch = waiting.pop(0)
            outcome, answered = await self._outcome(session, batch)
            self._on_outcome(outcome)
            if outcome == OK:
                takes = True
                on_taken(batch)
                continue
            worst, status = outcome, answered
            is_all = outcome == FAILED or answered not in _ONE_IS_BAD or not (takes or await self._takes_nothing(session, batch))
            waiting[:0] = _halves(batch)
        self._say(worst, status, is_all)
        return takes

    async def _takes_nothing(self, session: aiohttp.ClientSession, refused: Sequence[Alert]) -> bool:
        """Return whether an empty list is taken: who refuses that refuses whatever we post, and looking for the bad one is in vain."""
        return bool(refused) and (await self._outcome(session, []))[0] == OK

    async def _outcome(self, session: aiohttp.ClientSession, batch: Sequence[Alert]) -> tuple[str, int]:
        """Return one of OUTCOMES, and what was answered if it was not 2xx; 0 where there was no answer."""
        try:
            async for attempt in _retrying(self._deadline):
                with attempt:
                    await self._try(session, batch)
        except _AnsweredError as answered:
            return answered.outcome, answered.status
        except (aiohttp.ClientError, *_AWAY) as error:
            self._why = why_unanswered(error, self._attempt)
            return FAILED, 0
        return OK, 0

    async def _try(self, session: aiohttp.ClientSession, batch: Sequence[Alert]) -> None:
        if session.closed:  # the worker stops, and this was a second try
            raise _AnsweredError
        async with session.post(self._url + PATH, data=msgspec.json.encode(batch), allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:
                raise _AnsweredError(answer.status)

    def _say(self, outcome: str, status: int, is_all: bool) -> None:
        """Say it once when its answer changes. ``is_all``: whatever we post gets this answer."""
        before, self._last = self._last, (outcome, status, is_all)
        where = host_of(self._url)
        if self._last == before:
            return
        if outcome == OK:
            log.info("alertmanager %s takes alerts again", where)
        elif not is_all:
            log.warning("alertmanager %s refuses some alerts; the others are posted", where)
        else:
            log.warning("alertmanager %s %s; alerts are posted again every round", where, _answer(status, self._why))


def _answer(status: int, why: str) -> str:
    if status in _ONE_IS_BAD:
        return f"answers {status} to everything (is that an Alertmanager, and http:// or https:// right?)"
    if status:
        return f"answers {status}"
    return f"does not answer ({why})" if why else "does not answer"


def _retrying(deadline: timedelta) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(_AWAY),
        stop=stop_after_delay(deadline.total_seconds()),
        wait=wait_exponential(multiplier=0.1, max=2.0),
        reraise=True,
    )


def _halves(batch: Sequence[Alert]) -> list[Sequence[Alert]]:
    """One bad alert must not stop the others: look for it by halves, and leave it alone when it stands alone."""
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]] if middle else []
