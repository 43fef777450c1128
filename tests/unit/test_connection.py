"""From settings to what aiokafka wants; and few words while a broker is away."""

import logging
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.kafka.connection import OneLinePerChange, bootstrap, client_options, topic_name
from streams.settings import Kafka, Settings


def test_plain_needs_an_address_and_nothing_else() -> None:
    options = client_options(Settings(kafka=Kafka(bootstrap="a:1,b:2")))
    assert options["bootstrap_servers"] == "a:1,b:2"
    assert options["security_protocol"] == "PLAINTEXT"
    assert not [name for name in options if name.startswith(("sasl", "ssl"))]


def test_scram_over_tls_gives_mechanism_user_password_and_a_context() -> None:
    options = client_options(Settings(kafka=Kafka(bootstrap="a:1", security_protocol="SASL_SSL", sasl_username="u", sasl_password="p")))
    assert (options["sasl_mechanism"], options["sasl_plain_username"], options["sasl_plain_password"]) == ("SCRAM-SHA-512", "u", "p")
    assert options["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ssl_cafile": "/no/such.pem"}, "kafka.ssl_cafile /no/such.pem cannot be read: No such file"),
        ({"ssl_certfile": "/no/such.pem"}, "kafka.ssl_certfile /no/such.pem cannot be read"),
        ({"ssl_keyfile": __file__}, "kafka.ssl_keyfile is set and kafka.ssl_certfile is not"),
        ({"ssl_cafile": __file__}, r"kafka.ssl_cafile .* cannot be used: is it PEM"),
        ({"ssl_certfile": __file__}, r"kafka.ssl_certfile .* cannot be used: is it PEM"),
    ],
)
def test_a_tls_file_that_cannot_be_used_is_named_with_its_setting(given: dict[str, str], said: str) -> None:
    kafka = Kafka(bootstrap="a:1", security_protocol="SSL", **given)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=said):
        client_options(Settings(kafka=kafka))


@pytest.mark.parametrize(("user", "password", "empty"), [("", "p", "sasl_username"), ("u", "", "sasl_password")])
def test_sasl_without_a_user_or_a_password_names_what_is_empty(user: str, password: str, empty: str) -> None:
    kafka = Kafka(bootstrap="a:1", security_protocol="SASL_PLAINTEXT", sasl_username=user, sasl_password=password)
    with pytest.raises(UserError, match=f"kafka.{empty} is empty, and kafka.security_protocol is SASL_PLAINTEXT"):
        client_options(Settings(kafka=kafka))


@pytest.mark.parametrize("address", ["broker..one:9092", "a:1,.broker:9092", f"{'b' * 64}:9092", "nobody"])
def test_an_address_that_nobody_can_look_up_is_named(address: str) -> None:
    with pytest.raises(UserError, match=f"{address.rpartition(',')[2]!r} is no host:port"):
        bootstrap(Settings(kafka=Kafka(bootstrap=address)))


def test_without_a_name_the_embedded_broker_that_runs_is_taken(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    with pytest.raises(UserError, match="start the embedded one with `threadwatch kafka`, or name yours"):
        bootstrap(settings)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "port").write_text("1234")
    (tmp_path / "kafka" / "pid").write_text("1")
    assert bootstrap(settings) == "127.0.0.1:1234"


def test_the_prefix_stands_before_every_topic() -> None:
    assert topic_name(Settings(kafka=Kafka(prefix="mine.")), "replies") == "mine.replies"


def test_a_flood_of_one_kind_of_line_becomes_one_line_and_other_kinds_still_come() -> None:
    calm = OneLinePerChange(quiet_for=30.0)

    def passes(message: str, at: float) -> bool:
        record = logging.LogRecord("aiokafka", logging.ERROR, "f", 1, message, ("x",), None)
        record.created = at
        return calm.filter(record)

    assert [passes("Unable to connect %s", 1000.0 + n / 200) for n in range(2000)].count(True) == 1
    assert passes("Marking the coordinator dead %s", 1005.0)
    assert passes("Unable to connect %s", 1100.0)


def line(message: str, at: float, logger: str = "aiokafka") -> logging.LogRecord:
    record = logging.LogRecord(logger, logging.ERROR, "f", 1, message, None, None)
    record.created = at
    return record


def looked_after(caplog: pytest.LogCaptureFixture) -> OneLinePerChange:
    calm = OneLinePerChange(quiet_for=30.0)
    calm.settle(is_away=False, began=1000.0, now=1000.0)
    return calm


def test_what_clients_say_of_an_outage_is_dropped_where_somebody_looks_and_says_it(caplog: pytest.LogCaptureFixture) -> None:
    calm = looked_after(caplog)
    kinds = ("Unable to connect", "Heartbeat failed", "Timer commit is overlapping")
    assert not any(calm.filter(line(kind, 1000.5 + n / 200)) for n in range(200) for kind in kinds)
    assert calm.holds_lines
    calm.settle(is_away=True, began=1001.0, now=1001.5)
    assert not calm.filter(line("Marking the coordinator dead", 1010.0))
    calm.settle(is_away=False, began=1011.0, now=1011.0)
    assert not caplog.messages
    assert not calm.holds_lines


def test_another_problem_comes_through_once_when_the_broker_is_seen_to_answer(caplog: pytest.LogCaptureFixture) -> None:
    calm = looked_after(caplog)
    for n in range(100):
        calm.filter(line("Topic authorization failed", 1000.5 + n / 200))
    calm.filter(line("Unable to connect", 1001.6))
    calm.settle(is_away=False, began=1001.5, now=1001.7)
    assert caplog.messages == ["Topic authorization failed"]
    assert calm.holds_lines, "what came while somebody looked waits for the next look"
    calm.filter(line("Topic authorization failed", 1002.0))
    calm.settle(is_away=True, began=1003.0, now=1003.0)
    assert caplog.messages == ["Topic authorization failed"]


def test_a_problem_that_lasts_beyond_an_outage_is_told_after_it(caplog: pytest.LogCaptureFixture) -> None:
    calm = looked_after(caplog)
    calm.settle(is_away=True, began=1001.0, now=1001.0)
    for at in (1005.0, 1040.0):
        calm.filter(line("Topic authorization failed", at))
        calm.settle(is_away=False, began=at + 1, now=at + 1)
    assert caplog.messages == ["Topic authorization failed"]


def test_when_nobody_looks_any_more_lines_come_at_once(caplog: pytest.LogCaptureFixture) -> None:
    calm = looked_after(caplog)
    assert calm.filter(line("Unable to connect", 1100.0))


def test_that_an_app_crashed_never_waits(caplog: pytest.LogCaptureFixture) -> None:
    calm = looked_after(caplog)
    assert calm.filter(line("Crashed reason=%r", 1000.1, "faust.app.base"))
    assert not calm.filter(line("Missing sensor state for rebalance #%s", 1000.1, "faust.app.base"))
