"""The embedded broker: real, on loopback, and what was written is there after a restart."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.kafka.embedded import EmbeddedBroker, free_port
from streams.topics import COMMENTS_RAW
from tests.conftest import Another
from tests.support.broker import OwnBroker, jars
from tests.support.builders import comment
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka


async def test_what_was_written_is_there_after_a_stop_and_after_a_kill_at_the_same_address(another: Another, own_broker: OwnBroker) -> None:
    live: Live = await another(own_broker.address)
    address, sent = own_broker.address, [comment(f"c{n}") for n in range(20)]
    for number, away in enumerate((own_broker.stop, own_broker.kill)):
        await live.send(sent[10 * number : 10 * number + 10])
        await asyncio.to_thread(away)
        await asyncio.to_thread(own_broker.up)
        assert own_broker.address == address
        await live.settled([])
        assert live.records(COMMENTS_RAW) == sent[: 10 * number + 10]


def test_a_second_broker_on_the_same_folder_is_refused(own_broker: OwnBroker) -> None:
    with pytest.raises(UserError, match=r"a broker already runs on .*stop it, or use --data"):
        EmbeddedBroker(own_broker.data).start(jars())


def test_it_listens_on_loopback_only(own_broker: OwnBroker) -> None:
    properties = (own_broker.data / "server.properties").read_text()
    listeners = next(line for line in properties.splitlines() if line.startswith("listeners="))
    assert listeners.count("//127.0.0.1:") == listeners.count("://") == 2


def test_a_port_that_is_taken_is_a_plain_mistake(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is taken"):
            EmbeddedBroker(tmp_path / "kafka", port).start(jars())


async def test_the_command_prints_its_address_and_ends_in_order_when_asked(tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "said").open("w") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "streams", "kafka", "--data", str(tmp_path / "kafka"), "--port", str(port)],
            stdout=subprocess.PIPE, stderr=said, text=True, env=os.environ | {"THREADWATCH_JARS": str(jars().parent)},
        )  # fmt: skip
        assert running.stdout is not None
        assert (await asyncio.to_thread(running.stdout.readline)).strip() == f"127.0.0.1:{port}"
        running.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(running.wait, 60)
        running.stdout.close()
    assert code == 0
    assert not (tmp_path / "kafka" / "pid").exists()
    await until("nobody listens any longer", lambda: not _listens(port), within=10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
