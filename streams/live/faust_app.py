"""One Faust App, hence one consumer group, per stage: made here and nowhere else. Only committed records are read."""

from pathlib import Path
from typing import Any, Final

import faust
from faust.transport.drivers import aiokafka as driver

from streams.kafka.connection import MAX_MESSAGE, bootstrap, tls
from streams.settings import Kafka, Settings

GROUP: Final = "threadwatch"


class _CommittedThread(driver.AIOKafkaConsumerThread):
    """Faust reads uncommitted records unless it runs its own transactions; ours need read_committed."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer: Any = self.consumer
        before, consumer.in_transaction = consumer.in_transaction, True
        try:
            return super()._create_worker_consumer(transport)
        finally:
            consumer.in_transaction = before


class _CommittedConsumer(driver.Consumer):
    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Note a gap, such as a transaction's marker, without the message behind it.

        Faust counts that message in: it then stands twice among the acknowledged ones, and every commit ends there, so that
        commits get on by one transaction a second, whatever is applied.
        """
        await super()._add_gap(tp, offset_from, offset_to - 1)


class _CommittedTransport(driver.Transport):
    Consumer = _CommittedConsumer


def group_of(settings: Settings, stage: str) -> str:
    """Return the consumer group of a stage."""
    return f"{settings.kafka.prefix}{GROUP}.{stage}"


def stage_app(settings: Settings, stage: str) -> faust.App:
    """Return an App for one stage. Each value below is there because a default was measured to hurt (streaming.md)."""
    url = ";".join(f"kafka://{host}" for host in bootstrap(settings).split(","))
    app = faust.App(
        group_of(settings, stage),
        broker=url,
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=True,
        stream_buffer_maxsize=4096,
        datadir=Path(settings.data) / "faust",
        stream_recovery_delay=0.0,
        broker_commit_interval=1.0,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        broker_rebalance_timeout=60.0,
        broker_max_poll_interval=300.0,
        consumer_max_fetch_size=MAX_MESSAGE,
        producer_request_timeout=60.0,
        worker_redirect_stdouts=False,
        **_credentials(settings.kafka),
    )
    app.transport = _CommittedTransport(app.conf.broker_consumer, app, app.loop)
    return app


def _credentials(kafka: Kafka) -> dict[str, Any]:
    context = tls(kafka) if kafka.security_protocol.endswith("SSL") else None
    if kafka.security_protocol.startswith("SASL"):
        return {
            "broker_credentials": faust.SASLCredentials(
                username=kafka.sasl_username, password=kafka.sasl_password, mechanism=kafka.sasl_mechanism, ssl_context=context
            )
        }
    return {"broker_credentials": faust.SSLCredentials(context)} if context else {}
