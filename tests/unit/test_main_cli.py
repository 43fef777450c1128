"""The commands: listed, helped in a moment, and a mistake is one plain line."""

import subprocess
import sys

import pytest

from streams.cli.main import COMMANDS, main


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "streams", *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_without_arguments_the_commands_are_listed() -> None:
    done = run()
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert all(COMMANDS[name].split(":")[0] in " ".join(done.stdout.split()) for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    assert main([command, "--help"]) == 0
    assert f"threadwatch {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_loads_nothing_heavy(command: str) -> None:
    heavy = ("torch", "faust", "aiokafka", "sklearn", "transformers")
    probe = f"""import sys
from streams.cli.main import main
main([*sys.argv[1:], "--help"])
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"""
    done = subprocess.run([sys.executable, "-c", probe, *command.split()], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["fly"], "No such command"), (["worker", "--fast"], "No such option"), (["worker", "--stages", "guess"], "there is no stage 'guess'"),
     (["worker", "--stages", ","], "--stages: there is no stage"), (["worker", "--metrics-port", "x"], "--metrics-port"),
     (["topics", "list", "--config", "absent.toml"], "there is no settings file absent.toml")],
)  # fmt: skip
def test_a_mistake_is_one_line_on_stderr_and_exit_2(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    piped = f"{sys.executable} -m streams topics list | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""
