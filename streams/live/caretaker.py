"""What runs beside the stages: heartbeat for the watchdog, lag, ticks, verdicts, the alert lease, the web server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka.errors import ConsumerStoppedError, KafkaError, ProducerFenced
from mode import Service

from streams.kafka.connection import topic_name
from streams.kafka.waiting import Probe
from streams.live.agent import StageAgent
from streams.live.calibrations import Calibrations
from streams.live.guard import guarded
from streams.live.http import Http
from streams.live.mutes import Mutes
from streams.live.outage import Outage
from streams.live.pauses import Pauses, look
from streams.live.progress import Watchdog
from streams.live.ticks import Ticker
from streams.live.verdicts import Verdicts
from streams.live.watch import Watch
from streams.settings import Settings
from streams.stages.alert import Alerts
from streams.stages.pileon import Which

_HEARTBEAT: Final = 1.0
_LAG_EVERY: Final = 5.0
_VERDICTS_EVERY: Final = 2.0


class Caretaker(Service):
    """Started before the stages and stopped after them."""

    def __init__(self, settings: Settings, agents: list[StageAgent], watchdog: Watchdog, watch: Watch, poster: Any, webhooks: Any,
                 **options: Any) -> None:  # fmt: skip
        super().__init__(**options)
        self._settings, self._agents, self._watchdog, self._watch = settings, agents, watchdog, watch
        self._poster, self._webhooks = poster, webhooks
        self._lag_probe, self._tick_probe = Probe(settings), Probe(settings)
        self._verdicts: Verdicts | None = None
        self._calibrations: Calibrations | None = None
        self._mutes = _muting(settings, agents)
        self._outage = Outage(settings, watch)
        self._pauses = Pauses(time.monotonic())
        self._http = Http(watch.registry, self.unhealthy, self.unready)

    async def on_start(self) -> None:
        """Connect, listen, say where."""
        worker = self._settings.worker
        address = await guarded("the web server", self._http.start(worker.metrics_host, worker.metrics_port))
        await self._lag_probe.open()
        await self._tick_probe.open()
        print(f"threadwatch: metrics {address}/metrics, health {address}/healthz", flush=True)

    async def on_stop(self) -> None:
        """Close every partition's producer, so that nothing is left open on the broker."""
        await self._webhooks.close()
        for agent in self._agents:
            await agent.let_go(list(agent.rooms))
        await self._lag_probe.close()
        await self._tick_probe.close()
        for along in (self._verdicts, self._calibrations, self._mutes):
            if along is not None:
                await along.close()
        await self._poster.close()
        await self._http.stop()

    def unhealthy(self) -> str | None:
        """Return why the worker makes no progress, or None."""
        return self._watchdog.verdict(time.monotonic())

    def unready(self) -> str | None:
        """Return which stage waits for its partitions, or None. A worker too many in its group is ready: to take over."""
        waiting = [agent.stage.name for agent in self._agents if not agent.is_ready()]
        return f"waiting for partitions: {', '.join(waiting)}" if waiting else None

    @Service.task
    async def _heartbeat(self) -> None:
        while not self.should_stop:
            self._watchdog.loop_seen = time.monotonic()
            self._watch.metrics.alerts_untaken.set(self._poster.untaken_for())
            self._watch.metrics.alertmanagers_away.set(self._poster.away())
            self._watch.metrics.loop_paused(*self._pauses.worst(time.monotonic()))
            for agent in self._agents:
                self._watch.metrics.standing_still(agent.stage.name, agent.standstills())
                if reason := agent.app.crash_reason:
                    # Faust would stay, idle and deaf: its consumer is gone.
                    await guarded(f"stage {agent.stage.name}", _raising(reason))
            await self.sleep(_HEARTBEAT)

    @Service.task
    async def _pausing(self) -> None:
        await guarded("the loop's pauses", look(self._pauses, lambda: self.should_stop))

    @Service.task
    async def _rooms(self) -> None:
        while not self.should_stop:
            await guarded("taking up partitions", self._take_up())
            await self.sleep(_HEARTBEAT)

    async def _take_up(self) -> None:
        await asyncio.gather(*(agent.take_up() for agent in self._agents))

    @Service.task
    async def _lags(self) -> None:
        await self._every(_LAG_EVERY, "lag", self._look_at_lag)

    @Service.task
    async def _broker(self) -> None:
        await self._every(_HEARTBEAT, "the broker", self._outage.look)

    @Service.task
    async def _ticks(self) -> None:
        pileons = next((agent for agent in self._agents if agent.stage.name == "pileon"), None)
        if pileons is not None:
            ticker = Ticker(self._settings, pileons, self._tick_probe, self._watch.ticked)
            await self._every(self._settings.worker.tick_every.total_seconds(), "ticks", ticker.tick)

    @Service.task
    async def _feedback(self) -> None:
        pileons = next((agent for agent in self._agents if agent.stage.name == "pileon"), None)
        if pileons is not None:
            self._verdicts = Verdicts(self._settings, pileons, self._watch.metrics)
            await self._every(_VERDICTS_EVERY, "verdicts", self._verdicts.look)

    @Service.task
    async def _configuration(self) -> None:
        pileons = next((agent for agent in self._agents if agent.stage.name == "pileon"), None)
        if pileons is not None and (self._settings.shadow or self._settings.detector is Which.ESR):
            self._calibrations = Calibrations(self._settings, pileons)
            await self._every(_VERDICTS_EVERY, "calibrations", self._calibrations.look)

    @Service.task
    async def _muting(self) -> None:
        if self._mutes is not None:
            await self._every(_VERDICTS_EVERY, "mutes", self._mutes.look)

    @Service.task
    async def _leases(self) -> None:
        alerts = next((agent for agent in self._agents if agent.stage.name == "alert"), None)
        if alerts is not None:
            await guarded("the alert lease", self._poster.run(alerts, self))

    @Service.task
    async def _deliveries(self) -> None:
        alerts = next((agent for agent in self._agents if agent.stage.name == "alert"), None)
        if alerts is not None:
            await guarded("the webhooks", self._webhooks.run(alerts))

    async def _every(self, seconds: float, what: str, doing: Callable[[], Awaitable[Any]]) -> None:
        """Do it again and again. A broker that is away is no reason to end: it is tried again; anything else is a bug."""
        while not self.should_stop:
            await self.sleep(seconds)
            if not self.should_stop:
                await guarded(what, self._unless_away(what, doing))

    async def _unless_away(self, what: str, doing: Callable[[], Awaitable[Any]]) -> None:
        began = time.monotonic()
        try:
            await doing()
        except ProducerFenced:
            raise  # somebody else holds the partition: this worker must not go on as if it did
        except (KafkaError, OSError) as away:
            if not await self._outage.explains(began):
                self._watch.broker_refused(what, type(away).__name__)
        except ConsumerStoppedError:
            if not self.should_stop:  # else on_stop took the consumer away in the middle of a look
                raise

    async def _look_at_lag(self) -> None:
        for agent in self._agents:
            applied = {number: room.applied.offset for number, room in list(agent.rooms.items())}
            lags = await self._lag_probe.lags(agent.stage.source.name, applied)
            await agent.read_undelivered(lags)
            agent.progress.saw_lags(lags, time.monotonic())
            self._watch.lag(topic_name(self._settings, agent.stage.source.name), lags)
            if agent.stage.name == "pileon":
                self._watch.open_now(await agent.looked_at(lambda room: list(room.store.open_cases())))
            if agent.stage.name == "alert":
                self._watch.told_now(agent.standing(lambda room: list(room.told)))


async def _raising(reason: BaseException) -> None:
    raise reason


def _muting(settings: Settings, agents: list[StageAgent]) -> Mutes | None:
    """Return what brings mutes to the alert stage, which takes nothing before they are known; None where that stage does not run here."""
    for agent in agents:
        if isinstance(agent.stage, Alerts):
            mutes = Mutes(settings, agent.stage)
            agent.before = mutes.fresh
            return mutes
    return None
