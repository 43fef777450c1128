"""Delivers to one receiver of webhooks: signed, at least once, each case in order and at its own pace."""

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from streams.alert_settings import Webhook
from streams.live.addresses import ForbiddenAddressError, PublicOnly, Resolver, public_socket
from streams.live.outbox import Delivery
from streams.live.pace import Pace
from streams.live.removals import Removals
from streams.live.retry_after import retry_after
from streams.live.signing import headers
from streams.live.unanswered import why_unanswered
from streams.metrics import Metrics
from streams.stages.reasons import case_name

log = logging.getLogger("threadwatch.live")

LOOK_EVERY: Final = 2.0
"""Seconds after which a receiver without news is looked at: a partition may have come with deliveries of another worker."""
_OF_ALL: Final = (429, 503)
"""Answers whose ``Retry-After`` is about the receiver, not about what was sent (RFC 6585, 4; RFC 9110, 15.6.4)."""
_OF_IT: Final = (400, 410, 413, 422)
"""Answers that are about what was sent. Who mends it is its receiver; until then the same again is answered the same."""

Waiting = list[tuple[int, Delivery]]
"""Deliveries with the partition in whose outbox they wait, oldest first."""


class _AwayError(Exception):
    """A try failed. ``outcome`` is one of metrics.DELIVERED; ``asked``: seconds to wait, as the answer asks; ``status``: 0 for none."""

    def __init__(self, outcome: str, why: str, asked: float = 0.0, status: int = 0) -> None:
        super().__init__(why)
        self.outcome, self.asked, self.status = outcome, asked, status


class Receiver:
    """One receiver: its own connections, a few tries at once, each of another case."""

    def __init__(self, webhook: Webhook, agent: Any, removals: Removals, news: asyncio.Event, metrics: Metrics) -> None:
        self._webhook, self._agent, self._removals, self._news, self._metrics = webhook, agent, removals, news, metrics
        self._session: aiohttp.ClientSession | None = None
        self._pace = Pace()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._tries: Counter[str] = Counter()
        self._refused_since: dict[str, datetime] = {}
        """Since when what is in a delivery is refused, each time."""
        self._said: set[str] = set()
        """Why deliveries failed since all was well."""

    async def serve(self) -> None:
        """Deliver what waits, until cancelled. What a try raised, but for a failure of the receiver, is raised here."""
        clock = asyncio.get_running_loop().time
        try:
            while True:
                self._news.clear()
                waiting = self._waiting()
                self._pace.keep({delivery.pileon_id for _, delivery in waiting})
                heads = self._heads(waiting)
                for partition, delivery in self._chosen(heads, clock()):
                    self._begin(partition, delivery)
                await self._rest(self._pause(heads, clock()))
                self._look_at_tries()
        finally:
            await self._stop()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _stop(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _waiting(self) -> Waiting:
        """Return what is to be told, as it stands in the log; what is told and only its removal is not written is not."""

        def ours(room: Any) -> Waiting:
            return [(room.partition, one) for one in room.outbox.waiting() if one.receiver == self._webhook.name]

        return [one for one in self._agent.standing(ours) if not self._removals.has(*one)]

    def _heads(self, waiting: Waiting) -> Waiting:
        """Return the oldest delivery of each case that has none under way, so that nobody reads of an end before its beginning."""
        heads: dict[str, tuple[int, Delivery]] = {}
        for partition, delivery in waiting:
            heads.setdefault(delivery.pileon_id, (partition, delivery))
        return [one for case, one in heads.items() if case not in self._under_way]

    def _chosen(self, heads: Waiting, now: float) -> Waiting:
        """Return what is tried now: what failed least first, and the last place is for what has not failed yet."""
        most, failures = self._pace.in_flight, self._pace.failures
        due = sorted((one for one in heads if self._pace.due(one[1].pileon_id) <= now), key=lambda one: failures(one[1].pileon_id))
        new = [one for one in due if not failures(one[1].pileon_id)]
        again_free = most - 1 - sum(failures(case) > 0 for case in self._under_way)
        again = due[len(new) :][: max(0, again_free)]
        return [*new[: most - 1], *again][: max(0, most - len(self._under_way))]

    def _begin(self, partition: int, delivery: Delivery) -> None:
        task = asyncio.create_task(self._settle(partition, delivery), name=f"webhook {self._webhook.name}")
        task.add_done_callback(lambda _: self._news.set())
        self._under_way[delivery.pileon_id] = task

    def _pause(self, heads: Waiting, now: float) -> float:
        """Return how long nothing is to be done, if nothing happens: what waits for a free place is begun when a try is over."""
        coming = [due - now for _, one in heads if (due := self._pace.due(one.pileon_id)) > now]
        return min([LOOK_EVERY, *coming])

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def _look_at_tries(self) -> None:
        for case, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[case]
                task.result()

    async def _settle(self, partition: int, delivery: Delivery) -> None:
        """Try once; have the delivery taken out of the log where it is delivered, or given up. Nobody waits for that."""
        case = delivery.pileon_id
        try:
            await self._try(delivery)
        except _AwayError as away:
            if not self._is_over(delivery, away):
                asked = min(away.asked, self._left(delivery))  # it may not ask for longer than we try
                self._pace.failed(case, asyncio.get_running_loop().time(), asked, of_all=away.status in _OF_ALL)
                return
        self._pace.forget(case)
        self._removals.add(partition, delivery)
        self._tries.pop(delivery.id, None)
        self._refused_since.pop(delivery.id, None)

    async def _try(self, delivery: Delivery) -> None:
        self._tries[delivery.id] += 1
        try:
            status = await self._answer(delivery)
        except _AwayError as away:
            self._took(away.outcome, str(away))
            raise
        self._pace.took(delivery.pileon_id)
        self._took("ok", "")
        log.info("webhook %s: %s delivered (%d, try %d)", self._webhook.name, named(delivery), status, self._tries[delivery.id])

    async def _answer(self, delivery: Delivery) -> int:
        body, session = delivery.body.encode(), self._opened()
        told = headers(self._webhook.secrets, delivery.id, body, datetime.now(UTC))
        try:
            async with session.post(self._webhook.url, data=body, headers=told, allow_redirects=False) as answer:
                status, asked = answer.status, retry_after(answer.headers, datetime.now(UTC))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(getattr(error, "os_error", None), ForbiddenAddressError):
                raise _AwayError("forbidden", "its name leads to an address that is not public") from error
            raise _AwayError("failed", why_unanswered(error, self._webhook.timeout)) from error
        if not 200 <= status < 300:
            why = f"it answers {status}" + (", redirects are not followed" if 300 <= status < 400 else "")
            raise _AwayError("refused", why, asked, status)
        return status

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            allowed: dict[str, Any] = {} if self._webhook.allow_private else {"resolver": PublicOnly(), "socket_factory": public_socket}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(use_dns_cache=False, **({"resolver": Resolver()} | allowed)),
                timeout=aiohttp.ClientTimeout(total=self._webhook.timeout.total_seconds()), cookie_jar=aiohttp.DummyCookieJar(),
            )  # fmt: skip
        return self._session

    def _took(self, outcome: str, why: str) -> None:
        """Count a try, and say once each way in which it fails; again only after all was well."""
        self._metrics.delivered.labels(self._webhook.name, outcome).inc()
        if outcome == "ok" and self._pace.is_well:
            self._said.clear()
        elif outcome != "ok" and why not in self._said:
            self._said.add(why)
            log.warning("webhook %s: not delivered, %s; it is tried again", self._webhook.name, why)

    def _term(self, delivery: Delivery) -> tuple[datetime, timedelta]:
        """Return when it is given up, and after how long: sooner where what is in it is always refused."""
        whole, refused, since = self._webhook.give_up_after, self._webhook.give_up_refused_after, self._refused_since.get(delivery.id)
        terms = [(delivery.queued_at + whole, whole), *([(since + refused, refused)] if since is not None else [])]
        return min(terms)

    def _left(self, delivery: Delivery) -> float:
        """Return the seconds until it is given up."""
        return (self._term(delivery)[0] - datetime.now(UTC)).total_seconds()

    def _is_over(self, delivery: Delivery, away: _AwayError) -> bool:
        if away.status in _OF_IT:
            self._refused_since.setdefault(delivery.id, datetime.now(UTC))
        else:
            self._refused_since.pop(delivery.id, None)
        if self._left(delivery) > 0:
            return False
        self._metrics.delivered.labels(self._webhook.name, "expired").inc()
        log.error("webhook %s: %s given up after %s, %s", self._webhook.name, named(delivery), self._term(delivery)[1], away)
        return True


def named(delivery: Delivery) -> str:
    """Return what a log line calls it."""
    return f"case {case_name(delivery.pileon_id)} revision {delivery.revision} ({delivery.event})"
