"""One Faust App, hence one consumer group, per stage: made here and nowhere else. Only committed records are read."""

from pathlib import Path
from typing import Any

import faust

from streams.kafka.connection import MAX_MESSAGE, bootstrap, tls
from streams.kafka.groups import group_of
from streams.live.transport import CHUNK, Transport
from streams.settings import Kafka, Settings


def stage_app(settings: Settings, stage: str, batch: int) -> faust.App:
    """Return an App for one stage that takes ``batch`` records at once, at most.

    Each value below is there because a default was measured to hurt (streaming.md).
    """
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
        stream_buffer_maxsize=16,  # chunks
        datadir=Path(settings.data) / "faust",
        stream_recovery_delay=0.0,
        broker_commit_interval=1.0,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        broker_rebalance_timeout=60.0,
        broker_max_poll_interval=300.0,
        broker_max_poll_records=4 * min(CHUNK, batch),  # what one partition may have before the next is asked
        consumer_max_fetch_size=MAX_MESSAGE,
        producer_request_timeout=60.0,
        worker_redirect_stdouts=False,
        **_credentials(settings.kafka),
    )
    app.transport = Transport(app.conf.broker_consumer, app, app.loop, chunk=batch)
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
