"""How to reach the broker: settings → what aiokafka wants, a wait with a deadline, and few lines while it is away."""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from streams.errors import BrokerAway, UserError
from streams.hosts import is_host
from streams.settings import Kafka, Settings

T = TypeVar("T")
log = logging.getLogger("threadwatch.kafka")
_COMMANDS_WAIT: Final = timedelta(seconds=10)
_LOOK_EVERY: Final = 5.0
"""Seconds of a command without an answer after which it looks whether the broker is still there."""
_LOOKED_AFTER_FOR: Final = 60.0
"""Seconds for which a look counts: longer than one takes."""
_COMING_BACK: Final = 20.0
"""Seconds after an outage in which clients still tell of it: groups are joined again, leaders found."""
MAX_MESSAGE: Final = 5 * 1024 * 1024
"""Largest message that clients send or fetch; above every topic's own limit (defaults are 1 MB on both sides)."""


def client_options(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's connection arguments. UserError if there is no broker to talk to, or who we are is not said in full."""
    kafka = settings.kafka
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap(settings),
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": 40_000,
    }
    if kafka.security_protocol.startswith("SASL"):
        options |= credentials(kafka)
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls(kafka)
    return options


def credentials(kafka: Kafka) -> dict[str, Any]:
    """Return aiokafka's arguments that say who we are; UserError that names the setting that is empty."""
    for name in ("sasl_username", "sasl_password"):
        if not getattr(kafka, name):
            raise UserError(
                f"kafka.{name} is empty, and kafka.security_protocol is {kafka.security_protocol}: say who we are to the broker"
            )
    return {
        "sasl_mechanism": kafka.sasl_mechanism,
        "sasl_plain_username": kafka.sasl_username,
        "sasl_plain_password": kafka.sasl_password,
    }


def tls(kafka: Kafka) -> ssl.SSLContext:
    """Return the TLS context of the settings; UserError that names the setting and the file that cannot be used."""
    _check_files(kafka)
    name = "ssl_cafile"
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile or None)
        name = "ssl_certfile"
        if kafka.ssl_certfile:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile or None, _no_passphrase)
    except (OSError, ssl.SSLError) as error:
        raise UserError(f"kafka.{name} {getattr(kafka, name)} cannot be used: {_of_openssl(error)}") from error
    return context


def _check_files(kafka: Kafka) -> None:
    # OpenSSL says neither which file nor, often, what of it.
    for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
        file = getattr(kafka, name)
        try:
            if file and not Path(file).read_bytes():
                raise UserError(f"kafka.{name} {file} is empty")
        except OSError as error:
            raise UserError(f"kafka.{name} {file} cannot be read: {error.strerror}") from error
    if kafka.ssl_keyfile and not kafka.ssl_certfile:
        raise UserError("kafka.ssl_keyfile is set and kafka.ssl_certfile is not: a key is shown with its certificate")


def _no_passphrase() -> str:
    # Without this OpenSSL asks at the terminal, and a worker waits for ever.
    raise UserError("kafka.ssl_keyfile has a passphrase, which nobody is there to type: give a key without one, readable by us alone")


def _of_openssl(error: OSError) -> str:
    reason = getattr(error, "reason", None) or str(error)
    return (
        "it is of another key than ssl_keyfile"
        if reason == "KEY_VALUES_MISMATCH"
        else f"is it PEM, with all that belongs in it? ({reason})"
    )


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
        if not (colon and is_host(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536) or set("/ @") & set(address):
            raise UserError(f"kafka.bootstrap (THREADWATCH_KAFKA): {address!r} is no host:port; write broker-1:9092,broker-2:9092")
    return addresses


def topic_name(settings: Settings, name: str) -> str:
    """Return the topic's name on the broker: ``prefix`` isolates a second instance."""
    return settings.kafka.prefix + name


async def reached(settings: Settings, doing: Awaitable[T], *, is_endless: bool = False) -> T:
    """Return what ``doing`` returns, once the broker answers: for a command that asks it something and ends.

    UserError after 10 s without an answer, then and later; ``is_endless``: later it waits. aiokafka's own lines are left out: the error
    says it all.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        await wait_for_broker(settings, _COMMANDS_WAIT)
    except UserError:
        if asyncio.iscoroutine(doing):
            doing.close()
        raise
    return await (doing if is_endless else _attended(settings, doing))


async def _attended(settings: Settings, doing: Awaitable[T]) -> T:
    """Return what ``doing`` returns; BrokerAway where the broker goes away meanwhile and stays away: a client would wait for ever."""
    from aiokafka.errors import KafkaError

    task = asyncio.ensure_future(doing)
    try:
        while not (await asyncio.wait([task], timeout=_LOOK_EVERY))[0]:
            await wait_for_broker(settings, _COMMANDS_WAIT)
        return task.result()
    except KafkaError:
        await wait_for_broker(settings, _COMMANDS_WAIT)  # that it is away says more
        raise
    finally:
        if task.cancel():
            await asyncio.wait([task], timeout=_LOOK_EVERY)


def pulled(settings: Settings, batches: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Yield what the broker gives, to a caller that is not asynchronous. UserError where no broker answers, or not any more."""
    with asyncio.Runner() as runner:
        try:
            batch = runner.run(reached(settings, _next(batches)))
            while batch is not None:
                yield batch
                batch = runner.run(_attended(settings, _next(batches)))
        finally:
            runner.run(batches.aclose())


async def _next(batches: AsyncGenerator[T, None]) -> T | None:
    return await anext(batches, None)


async def wait_for_broker(settings: Settings, within: timedelta) -> None:
    """Return once a broker lets us in; BrokerAway after ``within``, and UserError at once where no waiting helps (refusals.py).

    Faust alone would exit in its bootstrap, and aiokafka alone does not tell a wrong password from a broker that is away.
    """
    from streams.kafka.refusals import let_in

    options, said = client_options(settings), None
    deadline = asyncio.get_running_loop().time() + within.total_seconds()
    while why := await let_in(options):
        if asyncio.get_running_loop().time() >= deadline:
            raise BrokerAway(f"no broker answers at {options['bootstrap_servers']}: {why}")
        if why != said:
            log.info("waiting for the broker at %s: %s", options["bootstrap_servers"], why)
            said = why
        await asyncio.sleep(0.5)


class OneLinePerChange(logging.Filter):
    """Of the about 200 lines a second that aiokafka and Faust write while a broker is away, lets through what says something new.

    Where somebody looks after the broker and says what they see (``settle``), lines wait for that: those of an outage are dropped,
    because one line of ours says it, and of the rest each kind passes once in a while. Where nobody looks, each kind passes at once.
    """

    def __init__(self, quiet_for: float = 30.0) -> None:
        super().__init__()
        self._quiet_for = quiet_for
        self._last: dict[str, float] = {}
        self._held: dict[str, logging.LogRecord] = {}
        self._looked_at = self._away_at = float("-inf")

    @property
    def holds_lines(self) -> bool:
        """Return whether lines wait for somebody to look."""
        return bool(self._held)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this line passes now."""
        if getattr(record, "is_settled", False) or not _is_noise(record):
            return True
        kind = f"{record.name}:{record.msg if isinstance(record.msg, str) else type(record.msg).__name__}"
        if record.created - self._looked_at < _LOOKED_AFTER_FOR:
            self._held.setdefault(kind, record)
            return False
        return self._is_new(kind, record.created)

    def settle(self, is_away: bool, began: float, now: float) -> None:
        """Take in that a look at the broker, begun at ``began`` and over ``now``, found it away or not; both as ``time.time()``.

        Lines written since it began wait for the next: it may not have seen what they tell of.
        """
        self._looked_at = now
        self._away_at = now if is_away else self._away_at
        settled = [kind for kind, record in self._held.items() if is_away or record.created < began]
        for kind in settled:
            record = self._held.pop(kind)
            if now - self._away_at >= _COMING_BACK and self._is_new(kind, record.created):
                record.is_settled = True
                logging.getLogger(record.name).handle(record)

    def _is_new(self, kind: str, at: float) -> bool:
        last = self._last.get(kind, -self._quiet_for)
        self._last[kind] = at
        return at - last >= self._quiet_for


def _is_noise(record: logging.LogRecord) -> bool:
    """Faust's App also says in its own name that it crashed: that must not wait."""
    return record.name != "faust.app.base" or "Missing sensor state" in str(record.msg)


CALM: Final = OneLinePerChange()
"""The one on the loggers, which are the process's too."""


def calm_logging() -> None:
    """Put the filter on every logger of aiokafka and Faust's transport."""
    level = os.environ.get("THREADWATCH_LOG", "")
    if level == "debug":
        return
    for name in _NOISY:
        logging.getLogger(name).addFilter(CALM)


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
    "faust.app.base",
    "mode.timers",
)
