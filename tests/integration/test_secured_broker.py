"""A broker that asks who comes, over TLS: the whole program works there, and who is not let in is told why in one line."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams.records import Status
from tests.conftest import Another
from tests.integration.test_live_state import crowd, root
from tests.support.live import Live
from tests.support.secured import SecuredBroker, secured

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def guarded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with secured(tmp_path_factory.mktemp("secured-kafka")) as mine:
        yield mine


@pytest.mark.slow
async def test_with_scram_over_tls_comments_go_in_and_a_pile_on_comes_out_of_every_command(
    another: Another, guarded_broker: SecuredBroker
) -> None:
    live: Live = await another(guarded_broker.at("SCRAM"), **guarded_broker.environment("SCRAM"))
    worker = live.worker()
    file = live.folder / "comments.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, [root(), *crowd(1, 7)])))
    await done(live, "ingest", "jsonl", str(file))
    await live.put_lines([b"nonsense"])
    await live.settled()
    live.check()
    assert [one.status for one in live.pileons()][:1] == [Status.OPENED]
    assert worker.restarts == 0

    assert "4 people hostile" in await done(live, "watch", "--once")
    assert "not_json" in await done(live, "redrive", "comments.raw", "--list")
    assert f"ok       broker         {guarded_broker.at('SCRAM')}" in await done(live, "doctor")
    assert await done(live, "topics", "check") == ""
    await done(live, "replay", "--topic", "comments.raw", "--out", str(live.folder / "replayed"))
    assert len((live.folder / "replayed" / "pileons.jsonl").read_bytes().splitlines()) == len(live.pileons())
    worker.stop()
    assert [line for line in worker.said() if "Traceback" in line or "Unclosed" in line or "stopping takes" in line] == []


async def done(live: Live, *arguments: str) -> str:
    """Return what a command that must end well writes."""
    ended = await live.command(*arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


async def test_a_client_s_certificate_and_the_other_mechanisms_do_as_well(another: Another, guarded_broker: SecuredBroker) -> None:
    ways = [("MUTUAL", {}), ("OPEN", {"sasl_mechanism": "PLAIN"}), ("OPEN", {"sasl_mechanism": "SCRAM-SHA-256"})]
    await asyncio.gather(*(_scored(another, guarded_broker, listener, more) for listener, more in ways))


async def _scored(another: Another, broker: SecuredBroker, listener: str, more: dict[str, str]) -> None:
    live: Live = await another(broker.at(listener), **broker.environment(listener, **more))
    live.worker("--stages", "score")
    await live.send([root(), *crowd(1, 7)])
    await live.settled(["score"])
    live.check(["score"])


REFUSED = {
    "a wrong password": ("SCRAM", {"sasl_password": "wrong"}, "does not let 'threadwatch' in with SCRAM-SHA-512: look at kafka.sasl_user"),
    "an unknown user": ("SCRAM", {"sasl_username": "nobody"}, "does not let 'nobody' in with SCRAM-SHA-512"),
    "a wrong password in PLAIN": ("OPEN", {"sasl_mechanism": "PLAIN", "sasl_password": "wrong"}, "let 'threadwatch' in with PLAIN"),
    "no user": ("SCRAM", {"sasl_username": ""}, "kafka.sasl_username is empty"),
    "a mechanism that it does not take": ("OPEN", {}, "set kafka.sasl_mechanism to one of PLAIN, SCRAM-SHA-256"),
    "no TLS where it is spoken": ("SCRAM", {"security_protocol": "PLAINTEXT"}, "speaks SASL_SSL, not PLAINTEXT: set kafka.secur"),
    "no SASL where it is asked for": ("OPEN", {"security_protocol": "PLAINTEXT"}, "speaks SASL_PLAINTEXT, not PLAINTEXT"),
    "TLS where none is spoken": ("BROKER", {"security_protocol": "SSL"}, "speaks PLAINTEXT, not SSL: set kafka.security_protocol"),
    "SASL over TLS where neither is spoken": (
        "BROKER", {"security_protocol": "SASL_SSL", "sasl_username": "u", "sasl_password": "p"}, "speaks PLAINTEXT, not SASL_SSL"
    ),
    "an authority that it does not know": ("SCRAM", {"ssl_cafile": ""}, "cannot be trusted (unable to get local issuer certificate): set"),
    "a file that is not there": ("SCRAM", {"ssl_cafile": "/no/such.pem"}, "kafka.ssl_cafile /no/such.pem cannot be read: No such file"),
    "no certificate where one is wanted": ("MUTUAL", {"ssl_certfile": "", "ssl_keyfile": ""}, "set kafka.ssl_certfile and kafka.ssl_key"),
}  # fmt: skip


@pytest.mark.parametrize(("listener", "more", "said"), REFUSED.values(), ids=REFUSED)
async def test_who_is_not_let_in_is_told_why_in_one_plain_line(
    guarded_broker: SecuredBroker, tmp_path: Path, listener: str, more: dict[str, str], said: str
) -> None:
    await refused(Live(guarded_broker.at(listener), tmp_path, guarded_broker.environment(listener, **more)), said, "topics", "check")


async def refused(live: Live, said: str, *arguments: str) -> None:
    ended = await live.command(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("threadwatch: ")
    assert said in ended.stderr
    assert "battery" not in ended.stderr


async def test_a_name_that_is_not_in_its_certificate_is_another_host(guarded_broker: SecuredBroker, tmp_path: Path) -> None:
    elsewhere = guarded_broker.at("SCRAM").replace("127.0.0.1", "localhost")
    live = Live(elsewhere, tmp_path, guarded_broker.environment("SCRAM"))
    await refused(live, "has a certificate for another name (Hostname mismatch", "watch", "--once")


async def test_a_key_with_a_passphrase_is_refused_instead_of_asked_for(guarded_broker: SecuredBroker, tmp_path: Path) -> None:
    locked = guarded_broker.authority.locked(guarded_broker.guest)
    live = Live(guarded_broker.at("MUTUAL"), tmp_path, guarded_broker.environment("MUTUAL", ssl_keyfile=str(locked)))
    await refused(live, "kafka.ssl_keyfile has a passphrase", "redrive", "comments.raw")


async def test_a_worker_does_not_wait_for_what_no_waiting_mends(guarded_broker: SecuredBroker, tmp_path: Path) -> None:
    environment = guarded_broker.environment("SCRAM", sasl_password="wrong") | {"THREADWATCH_WORKER__BROKER_WAIT": "PT1H"}
    await refused(Live(guarded_broker.at("SCRAM"), tmp_path, environment), "does not let 'threadwatch' in", "worker", "--metrics-port", "0")


async def test_the_doctor_says_what_is_wrong_with_it(guarded_broker: SecuredBroker, tmp_path: Path) -> None:
    live = Live(guarded_broker.at("SCRAM"), tmp_path, {})
    told = await live.command("doctor")
    assert told.returncode == 1
    assert "MISSING  broker" in told.stdout
    assert "speaks SASL_SSL, not PLAINTEXT" in told.stdout
