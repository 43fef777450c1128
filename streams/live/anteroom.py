"""What a worker says of itself while no broker lets it in: that it is up, and that it waits."""

import time
from typing import Final, Self

from prometheus_client import CollectorRegistry

from streams.instruments import Instruments
from streams.live.http import Http
from streams.metrics.broker import Broker
from streams.settings import Settings

WAITING: Final = "waiting for the broker"


class Anteroom:
    """Use as an async context manager: it listens where the worker will, and answers with little more than that it waits.

    UserError when the port is taken. Nothing that says when the worker started: one that is started again each minute, because
    Kafka is away, does not crash.
    """

    def __init__(self, settings: Settings) -> None:
        """``settings`` say where to listen."""
        self._worker, registry, began = settings.worker, CollectorRegistry(), time.monotonic()
        broker = Broker(Instruments(registry))
        broker.awaited.set_function(lambda: time.monotonic() - began)
        self._http = Http(registry, lambda: None, lambda: WAITING)

    async def __aenter__(self) -> Self:
        await self._http.start(self._worker.metrics_host, self._worker.metrics_port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.stop()
