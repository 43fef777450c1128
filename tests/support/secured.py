"""A broker that asks who comes: one listener per way to be asked, each on a port of its own."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.broker import OwnBroker
from tests.support.certificates import Authority

_UP_WITHIN: Final = 30.0
USER: Final = "threadwatch"
PASSWORD: Final = "correct horse battery staple"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN: Final = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
_PROTOCOLS: Final = {"BROKER": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", "SCRAM": "SASL_SSL", "MUTUAL": "SSL", "OPEN": "SASL_PLAINTEXT"}
_MORE: Final = """\
listener.security.protocol.map={protocols}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.scram.scram-sha-512.sasl.jaas.config={scram}
listener.name.mutual.ssl.client.auth=required
listener.name.open.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.open.plain.sasl.jaas.config={plain}
listener.name.open.scram-sha-256.sasl.jaas.config={scram}
"""


class SecuredBroker(OwnBroker):
    """``address`` is its plain listener; ``at`` tells the others."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.authority = Authority(self.data / "certificates")
        # No name among them: who says localhost has come to the wrong host.
        self._own = self.authority.sign("broker", "IP:127.0.0.1")
        self.guest = self.authority.sign("guest")
        self._ports: dict[str, int] = {}

    def up(self) -> None:
        """Start it, and wait for every listener: they open one after the other."""
        super().up()
        deadline = time.monotonic() + _UP_WITHIN
        while not all(_answers(port) for port in self._ports.values()):
            assert time.monotonic() < deadline, f"not every listener answers (see {self.log})"
            time.sleep(0.1)

    def at(self, listener: str) -> str:
        """Return ``host:port`` of a listener."""
        return f"127.0.0.1:{self._ports[listener]}"

    def environment(self, listener: str = "SCRAM", **more: str) -> dict[str, str]:
        """Return what the program must be told to come in by a listener, its address aside; ``more`` are settings of ``kafka``."""
        told = {"security_protocol": _PROTOCOLS[listener]}
        if "SASL" in _PROTOCOLS[listener]:
            told |= {"sasl_username": USER, "sasl_password": PASSWORD}
        if "SSL" in _PROTOCOLS[listener]:
            told |= {"ssl_cafile": str(self.authority.file)}
        if listener == "MUTUAL":
            told |= {"ssl_certfile": str(self.guest.certificate), "ssl_keyfile": str(self.guest.key)}
        return {f"THREADWATCH_KAFKA__{name.upper()}": value for name, value in (told | more).items()}

    def _properties(self, controller: int) -> str:
        self._ports = {"BROKER": self.port} | {name: self._port(name.lower(), 0) for name in ("SCRAM", "MUTUAL", "OPEN")}
        more = _MORE.format(
            protocols=",".join(f"{name}:{protocol}" for name, protocol in _PROTOCOLS.items()),
            listeners=",".join(f"{name}://{self.at(name)}" for name in self._ports),
            controller=controller, keystore=self._own.both, truststore=self.authority.file, scram=_SCRAM, plain=_PLAIN,
        )  # fmt: skip
        return super()._properties(controller) + more  # the last line of a name counts

    def _format_options(self) -> list[str]:
        scram = (f"{mechanism}=[name={USER},password={PASSWORD}]" for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"))
        return [option for one in scram for option in ("--add-scram", one)]


@contextmanager
def secured(folder: Path) -> Iterator[SecuredBroker]:
    """Run such a broker on this folder."""
    broker = SecuredBroker(folder)
    broker.up()
    try:
        yield broker
    finally:
        broker.stop()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
