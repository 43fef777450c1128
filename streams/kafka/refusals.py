"""Does a broker let us in, and if not, why? What no waiting mends is a UserError: what, where, and which setting to change."""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import UserError

Address = tuple[str, int]
_AWAY: Final = (KafkaError, OSError, TimeoutError)
_ANSWERS_WITHIN: Final = 10.0
_PROBED_WITHIN: Final = 3.0
_OTHER_HOST: Final = (62, 64)
"""OpenSSL's numbers for a certificate of another host and of another IP address."""
_ILLEGAL_SASL_STATE: Final = 34


async def let_in(options: Mapping[str, Any]) -> str | None:
    """Return None once a broker answers, and so does one that it names; else in words why none does.

    ``options`` are aiokafka's. UserError for what stays as it is however long one waits: who we are, what is spoken, whom we trust.
    """
    refused: list[tuple[Address, Exception]] = []
    for address in _addresses(options["bootstrap_servers"]):
        # Clients go on with the addresses that brokers advertise, so one of those must let us in as well.
        for broker in await _asked_or_noted(address, options, refused):
            if await _asked_or_noted(broker, options, refused):
                return None
    for where, why in refused:
        await _raise_if_for_good(where, why, options)
    return _words(refused[0][1]) if refused else "it knows of no broker yet"


async def _asked_or_noted(address: Address, options: Mapping[str, Any], refused: list[tuple[Address, Exception]]) -> list[Address]:
    try:
        return await _asked(address, options)
    except _AWAY as error:
        refused.append((address, error))
        return []


async def _asked(address: Address, options: Mapping[str, Any]) -> list[Address]:
    """Return the addresses of the cluster's brokers, as this one says."""
    async with asyncio.timeout(_ANSWERS_WITHIN):
        connection = await _connection(address, options)
        try:
            answer = await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    return [(host, port) for _, host, port, *_ in answer.brokers]


async def _connection(address: Address, options: Mapping[str, Any]) -> Any:
    return await create_conn(*address, **{name: value for name, value in options.items() if name != "bootstrap_servers"})


def _addresses(servers: str) -> Iterator[Address]:
    for server in servers.split(","):
        host, _, port = server.rpartition(":")
        yield host.strip("[]"), int(port)


async def _raise_if_for_good(address: Address, error: Exception, options: Mapping[str, Any]) -> None:
    where, protocol, causes = f"the broker at {address[0]}:{address[1]}", options["security_protocol"], list(_chain(error))
    for cause in causes:
        if isinstance(cause, SaslAuthenticationFailed):
            raise UserError(
                f"{where} does not let {options['sasl_plain_username']!r} in with {options['sasl_mechanism']}: "
                "look at kafka.sasl_username, kafka.sasl_password and kafka.sasl_mechanism"
            ) from error
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise UserError(_of_certificate(where, cause)) from error
    if isinstance(error, ConnectionRefusedError | TimeoutError):
        return
    await _raise_if_misunderstood(address, where, protocol, options, error)
    if alert := next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None):
        raise UserError(
            f"{where} breaks off TLS ({alert.reason or alert}): "
            "if it wants to see a certificate, set kafka.ssl_certfile and kafka.ssl_keyfile to one that it trusts"
        ) from error


def _of_certificate(where: str, cause: ssl.SSLCertVerificationError) -> str:
    if cause.verify_code in _OTHER_HOST:
        return f"{where} has a certificate for another name ({cause.verify_message}): name it in kafka.bootstrap as the certificate does"
    return (
        f"{where} has a certificate that cannot be trusted ({cause.verify_message}): set kafka.ssl_cafile to the authority that signed it"
    )


async def _raise_if_misunderstood(address: Address, where: str, protocol: str, options: Mapping[str, Any], error: Exception) -> None:
    spoken, mechanisms = await _spoken(address)
    if spoken and spoken != protocol:
        raise UserError(f"{where} speaks {spoken}, not {protocol}: set kafka.security_protocol to {spoken}") from error
    if isinstance(error, UnsupportedSaslMechanismError):
        raise UserError(
            f"{where} does not take {options['sasl_mechanism']}: set kafka.sasl_mechanism to one of {', '.join(mechanisms)}"
        ) from error


async def _spoken(address: Address) -> tuple[str, list[str]]:
    """Return the protocol that a listener speaks, nothing if it is none of Kafka's, and the SASL mechanisms it takes."""
    context = await _tls_at(address)
    protocol = "SSL" if context else "PLAINTEXT"
    try:
        async with asyncio.timeout(_PROBED_WITHIN):
            connection = await create_conn(*address, security_protocol=protocol, ssl_context=context)
            try:
                answer = await connection.send(SaslHandShakeRequest("?"))
            finally:
                connection.close()
    except _AWAY:
        return protocol if context else "", []
    if answer.error_code == _ILLEGAL_SASL_STATE:
        return protocol, []
    return f"SASL_{protocol}", answer.enabled_mechanisms


async def _tls_at(address: Address) -> ssl.SSLContext | None:
    """Return a context if TLS is spoken there. It trusts anybody: nothing is said over it but what one says before a password."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        async with asyncio.timeout(_PROBED_WITHIN):
            _, writer = await asyncio.open_connection(*address, ssl=context)
    except _AWAY:
        return None
    writer.transport.abort()
    return context


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
