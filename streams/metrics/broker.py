"""Whether the broker answers, measured by a worker that works and by one that still waits to be let in."""

from streams.instruments import Instruments


class Broker:
    """The instruments."""

    def __init__(self, make: Instruments) -> None:
        """Register them."""
        self.up = make.gauge("broker_up", "Whether the broker answers this worker: 1 or 0.")
        self.awaited = make.gauge(
            "broker_awaited_seconds", "Seconds that this worker has waited to begin, since no broker lets it in; 0 once it has begun."
        )
