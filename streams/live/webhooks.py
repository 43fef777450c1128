"""Delivers what waits in the outboxes: signed, at least once, each receiver for itself.

A receiver that is away, slow or refuses stops nobody else: its deliveries wait in the log, where a worker that starts
again, or another, finds them, and are tried again until ``give_up_after``.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
from aiokafka.errors import KafkaError, ProducerFenced
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from streams.engine import Effects
from streams.live.addresses import ForbiddenAddressError, PublicOnly, public_socket
from streams.live.outbox import STORM, Delivery, Outbox, Storms
from streams.live.retry_after import retry_after
from streams.live.signing import headers
from streams.metrics import Metrics
from streams.settings import Settings, Webhook
from streams.stages.alert import AlertDecision, Decision
from streams.stages.reasons import case_name
from streams.stages.step import Stage

log = logging.getLogger("threadwatch.live")

MAX_PAUSE: Final = 60.0
"""Seconds between two rounds of a receiver that is away, at most; each pause is drawn anew, so that workers do not come together."""
_LOOK_EVERY: Final = 2.0
"""Seconds after which a receiver without news is looked at: a partition may have come with deliveries of another worker."""
FOR_NOBODY: Final = timedelta(hours=24)
"""How long a delivery waits for a receiver that is no longer in the settings: a mistake there must lose nothing."""
_PATIENCE: Final = 3
"""Answers other than 2xx in one round, before the rest is left to the next."""

Waiting = list[tuple[int, Delivery]]
"""Deliveries with the partition in whose outbox they wait, oldest first."""


class _LeftError(Exception):
    """Something is still to be delivered: come again."""


class _AwayError(Exception):
    """A try failed. ``outcome`` is one of metrics.DELIVERED; ``asked``: seconds that the answer asks us to wait."""

    def __init__(self, outcome: str, why: str, asked: float = 0.0) -> None:
        super().__init__(why)
        self.outcome, self.asked = outcome, asked


class Webhooks:
    """All receivers of this worker."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._receivers: list[Receiver] = []
        self._news: dict[str, asyncio.Event] = {}
        self._running: asyncio.Future[Any] | None = None

    def outbox(self, stage: Stage) -> Callable[[], Outbox] | None:
        """Return what makes a partition's outbox: for the alert stage, if there is a receiver."""
        if stage.name != "alert" or not self._settings.webhooks:
            return None
        storms = Storms(self._settings.alert)
        return lambda: Outbox(self._settings.webhooks, self._settings.alertmanager.console_url, storms)

    def applied(self, stage: Stage, effects: Effects) -> None:
        """Wake the receivers after a batch of the alert stage: news are told at once."""
        if stage.name == "alert" and any(told.decision is not Decision.HOLD for told in effects.outputs if isinstance(told, AlertDecision)):
            for news in self._news.values():
                news.set()

    async def run(self, agent: Any) -> None:
        """Deliver until cancelled. ``agent`` holds the rooms of the alert stage's partitions."""
        for webhook in self._settings.webhooks:
            self._news[webhook.name] = asyncio.Event()
            self._receivers.append(Receiver(webhook, agent, self._news[webhook.name], self._metrics))
        if self._receivers:
            self._running = asyncio.gather(self._look_after(agent), *(receiver.serve() for receiver in self._receivers))
            await self._running

    async def _look_after(self, agent: Any) -> None:
        """Measure what waits, and in the end forget what is for nobody."""
        while True:
            waiting: Waiting = await agent.looked_at(lambda room: [(room.partition, one) for one in room.outbox.waiting()])
            self._metrics.waiting.set(len(waiting))
            self._metrics.oldest_waiting.set(max((_age(one) for _, one in waiting if one.receiver in self._news), default=0.0))
            for partition, delivery in waiting:
                if delivery.receiver not in self._news and datetime.now(UTC) - delivery.queued_at > FOR_NOBODY:
                    await _taken_out(agent, partition, delivery)
                    self._metrics.delivered.labels("expired").inc()
                    log.error("webhook %s is not in the settings: %s forgotten", delivery.receiver, _named(delivery))
            await asyncio.sleep(_LOOK_EVERY)

    async def close(self) -> None:
        """Stop, and close the connections. What was on its way is sent again, with the same key, by who has the partition next."""
        if self._running is not None:
            self._running.cancel()
        for receiver in self._receivers:
            await receiver.close()


class Receiver:
    """One receiver: its own pace, its own connections."""

    def __init__(self, webhook: Webhook, agent: Any, news: asyncio.Event, metrics: Metrics) -> None:
        self._webhook, self._agent, self._news, self._metrics = webhook, agent, news, metrics
        self._session: aiohttp.ClientSession | None = None
        self._tries: Counter[str] = Counter()
        self._done: set[bytes] = set()
        """Delivered, and not yet taken out of the log: not to be sent again by us."""
        self._storms: set[str] = set()
        """Summaries told: every partition with the storm has the same."""
        self._last = ""
        self._asked = 0.0
        """Seconds that an answer of the last round asked us to wait (``Retry-After``)."""

    async def serve(self) -> None:
        """Deliver what waits, again and again; after a failure with growing pauses, or as we are asked, whatever is new."""
        own = wait_random_exponential(multiplier=0.5, max=MAX_PAUSE)

        def pause(state: Any) -> float:
            return max(self._asked, float(own(state)))

        while True:
            async for attempt in AsyncRetrying(retry=retry_if_exception_type(_LeftError), wait=pause):
                with attempt:
                    await self._round()
            await self._rest(_LOOK_EVERY)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
        self._news.clear()

    async def _round(self) -> None:
        """Try every pile-on's oldest delivery, those tried least first, until nothing waits. Raises _LeftError where something is left."""
        self._asked = 0.0
        while waiting := self._heads(await self._waiting()):
            failures = 0
            for partition, delivery in waiting:
                if await self._is_settled(partition, delivery):
                    continue
                failures += 1
                if failures >= _PATIENCE or self._last != "refused" or self._asked:  # who does not answer would only be waited for again
                    break
            if failures:
                raise _LeftError

    async def _waiting(self) -> Waiting:
        def ours(room: Any) -> Waiting:
            return [(room.partition, one) for one in room.outbox.waiting() if one.receiver == self._webhook.name]

        found: Waiting = await self._agent.looked_at(ours)
        return found

    def _heads(self, waiting: Waiting) -> Waiting:
        """Return the oldest delivery of each pile-on, so that nobody reads of an end before its beginning."""
        heads: dict[str, tuple[int, Delivery]] = {}
        for partition, delivery in waiting:
            heads.setdefault(delivery.pileon_id, (partition, delivery))
        return sorted(heads.values(), key=lambda one: self._tries[one[1].id])

    async def _is_settled(self, partition: int, delivery: Delivery) -> bool:
        """Try once; return whether the delivery is out of the log: delivered, or given up."""
        if delivery.key not in self._done and delivery.id not in self._storms:
            try:
                await self._try(delivery)
            except _AwayError as away:
                if not self._is_over(delivery, away):
                    self._asked = min(away.asked, self._left(delivery))  # it may not ask for longer than we try
                    return False
            self._done.add(delivery.key)
        if not await _taken_out(self._agent, partition, delivery):
            return False
        self._done.discard(delivery.key)
        self._tries.pop(delivery.id, None)
        return True

    async def _try(self, delivery: Delivery) -> None:
        self._tries[delivery.id] += 1
        try:
            status = await self._answer(delivery)
        except _AwayError as away:
            self._took(away.outcome, str(away))
            raise
        self._took("ok", "")
        self._storms |= {delivery.id} if delivery.event == STORM else set()
        log.info("webhook %s: %s delivered (%d, try %d)", self._webhook.name, _named(delivery), status, self._tries[delivery.id])

    async def _answer(self, delivery: Delivery) -> int:
        body, session = delivery.body.encode(), self._opened()
        told = headers(self._webhook.secrets, delivery.id, body, datetime.now(UTC))
        try:
            async with session.post(self._webhook.url, data=body, headers=told, allow_redirects=False) as answer:
                status, asked = answer.status, retry_after(answer.headers, datetime.now(UTC))
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, ForbiddenAddressError):
                raise _AwayError("forbidden", "its name leads to an address that is not public") from error
            raise _AwayError("failed", "it does not answer") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _AwayError("failed", "it does not answer") from error
        if not 200 <= status < 300:
            raise _AwayError("refused", f"it answers {status}" + (", redirects are not followed" if 300 <= status < 400 else ""), asked)
        return status

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            allowed: dict[str, Any] = {} if self._webhook.allow_private else {"resolver": PublicOnly(), "socket_factory": public_socket}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(use_dns_cache=False, **({"resolver": aiohttp.ThreadedResolver()} | allowed)),
                timeout=aiohttp.ClientTimeout(total=self._webhook.timeout.total_seconds()), cookie_jar=aiohttp.DummyCookieJar(),
            )  # fmt: skip
        return self._session

    def _took(self, outcome: str, why: str) -> None:
        """Count a try, and say it once when the answer changes."""
        self._metrics.delivered.labels(outcome).inc()
        if outcome not in ("ok", self._last):
            log.warning("webhook %s: not delivered, %s; it is tried again", self._webhook.name, why)
        self._last = outcome

    def _left(self, delivery: Delivery) -> float:
        """Return the seconds until it is given up."""
        return (delivery.queued_at + self._webhook.give_up_after - datetime.now(UTC)).total_seconds()

    def _is_over(self, delivery: Delivery, away: _AwayError) -> bool:
        if self._left(delivery) > 0:
            return False
        self._metrics.delivered.labels("expired").inc()
        log.error("webhook %s: %s given up after %s, %s", self._webhook.name, _named(delivery), self._webhook.give_up_after, away)
        return True


def _age(delivery: Delivery) -> float:
    return max(0.0, (datetime.now(UTC) - delivery.queued_at).total_seconds())


async def _taken_out(agent: Any, partition: int, delivery: Delivery) -> bool:
    """Take a delivery out of the log; return whether it is out. A broker that is away is asked again."""
    async with agent.lock(partition):
        room = agent.rooms.get(partition)
        try:
            if room is not None:  # else another worker has it, and sends it again: with the same key
                await room.delivered([delivery.key])
        except ProducerFenced:
            raise
        except KafkaError:
            return False
    return True


def _named(delivery: Delivery) -> str:
    return f"case {case_name(delivery.pileon_id)} revision {delivery.revision} ({delivery.event})"
