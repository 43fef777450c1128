"""What a supervisor and a script see: 2 with one plain line for a mistake, 70 for what nobody expected."""

import subprocess
import sys

import pytest

_BUG = """
import sys, types, typer
from streams.cli import main
main.COMMANDS["broken"] = "Fails."
module = types.ModuleType("streams.cli.broken")
module.app = typer.Typer()
@module.app.command()
def broken() -> None:
    raise ZeroDivisionError("a bug")
sys.modules["streams.cli.broken"] = module
sys.argv = ["threadwatch", "broken"]
from streams.__main__ import main as run
run()
"""


def test_a_bug_exits_70_with_its_traceback():
    done = subprocess.run([sys.executable, "-c", _BUG], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "ZeroDivisionError: a bug" in done.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "localhost:notaport", "a:1,,b:2", "http://x:9092", " ", "no-port"])
@pytest.mark.parametrize("command", [["topics", "check"], ["watch"], ["redrive", "comments.raw"], ["forget", "--comment", "x"]])
def test_an_address_that_is_none_is_one_plain_line_and_exit_2(address, command, monkeypatch, capfd):
    from streams.cli.main import main

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("THREADWATCH_KAFKA", address)
    assert main(command) == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "host:port" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [("THREADWATCH_WORKER__TICK_EVERY", "PT0S"), ("THREADWATCH_WORKER__BATCH_WITHIN", "-PT1S"), ("THREADWATCH_ALERTMANAGER__LEASE", "PT1S"),
     ("THREADWATCH_WORKER__BATCH", "0"), ("THREADWATCH_NONSENSE", "1"),
     ("THREADWATCH_KAFKA__SECURITY_PROTOCOL", "TLS"), ("THREADWATCH_KAFKA__SASL_MECHANISM", "SCRAM-SHA-1")],
)  # fmt: skip
def test_a_bad_setting_is_one_line_that_names_the_variable(variable, value, monkeypatch, capfd):
    from streams.cli.main import main

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("THREADWATCH_KAFKA", "a:1")
    monkeypatch.setenv(variable, value)
    assert main(["topics", "list"]) == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert variable in said
