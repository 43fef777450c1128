"""How to reach the broker: settings → what aiokafka wants, a wait with a deadline, and one line per change of state."""

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from streams.errors import UserError
from streams.settings import Kafka, Settings

T = TypeVar("T")
_COMMANDS_WAIT: Final = timedelta(seconds=10)
MAX_MESSAGE: Final = 5 * 1024 * 1024
"""Largest message that clients send or fetch; above every topic's own limit (defaults are 1 MB on both sides)."""


def client_options(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's connection arguments. UserError if there is no broker to talk to or a TLS file is missing."""
    kafka = settings.kafka
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap(settings),
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": 40_000,
    }
    if kafka.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password,
        }
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls(kafka)
    return options


def tls(kafka: Kafka) -> ssl.SSLContext:
    """Return the TLS context of the settings; UserError that names the file that cannot be read."""
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile or None)
        if kafka.ssl_certfile:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile or None)
    except (OSError, ssl.SSLError) as error:
        raise UserError(f"kafka.ssl_cafile/ssl_certfile/ssl_keyfile cannot be used: {error}") from error
    return context


def bootstrap(settings: Settings) -> str:
    """Return ``host:port[,…]``: the named broker, else the embedded one that runs on this data folder."""
    if settings.kafka.bootstrap:
        return _checked(settings.kafka.bootstrap)
    folder = Path(settings.data) / "kafka"
    if (folder / "pid").exists() and (folder / "port").exists():
        return f"127.0.0.1:{(folder / 'port').read_text()}"
    raise UserError("there is no broker: start the embedded one with `threadwatch kafka`, or name yours with THREADWATCH_KAFKA=host:port")


def _checked(addresses: str) -> str:
    """Return the addresses if each is ``host:port``; UserError that names the one that is not."""
    for address in addresses.split(","):
        host, colon, port = address.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536) or set("/ @") & set(address):
            raise UserError(f"kafka.bootstrap (THREADWATCH_KAFKA): {address!r} is no host:port; write broker-1:9092,broker-2:9092")
    return addresses


def topic_name(settings: Settings, name: str) -> str:
    """Return the topic's name on the broker: ``prefix`` isolates a second instance."""
    return settings.kafka.prefix + name


async def reached(settings: Settings, doing: Awaitable[T]) -> T:
    """Return what ``doing`` returns, once the broker answers: for a command that asks it something and ends.

    UserError after 10 s without an answer. aiokafka's own lines are left out: the error says it all.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        await wait_for_broker(settings, _COMMANDS_WAIT)
    except UserError:
        if asyncio.iscoroutine(doing):
            doing.close()
        raise
    return await doing


async def wait_for_broker(settings: Settings, within: timedelta) -> None:
    """Return once the broker answers; UserError after ``within`` (Faust alone would exit in its bootstrap)."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    options = client_options(settings)
    deadline = asyncio.get_running_loop().time() + within.total_seconds()
    while True:
        admin = AIOKafkaAdminClient(**options)
        try:
            await asyncio.wait_for(admin.start(), 10)
            return
        except (KafkaError, OSError, TimeoutError) as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise UserError(f"no broker answers at {options['bootstrap_servers']}: {error or type(error).__name__}") from error
            await asyncio.sleep(0.5)
        finally:
            await admin.close()


class OneLinePerChange(logging.Filter):
    """aiokafka writes about 200 error lines a second while a broker is away; this lets one through per change of state."""

    def __init__(self, quiet_for: float = 30.0) -> None:
        super().__init__()
        self._quiet_for = quiet_for
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this kind of line was not seen for a while."""
        kind = f"{record.name}:{record.msg if isinstance(record.msg, str) else type(record.msg).__name__}"
        last = self._last.get(kind, -self._quiet_for)
        self._last[kind] = record.created
        return record.created - last >= self._quiet_for


def calm_logging() -> None:
    """Put the filter on every logger of aiokafka and Faust's transport."""
    level = os.environ.get("THREADWATCH_LOG", "")
    if level == "debug":
        return
    calm = OneLinePerChange()
    for name in _NOISY:
        logging.getLogger(name).addFilter(calm)


_NOISY: Final = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.consumer.subscription_state",
    "aiokafka.producer.sender",
    "aiokafka.producer.producer",
    "aiokafka.producer.transaction_manager",
    "faust.transport.drivers.aiokafka",
    "mode.supervisors",
    "aiokafka.coordinator",
    "faust.transport.consumer",
)
