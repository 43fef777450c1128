"""What a killed run left beside its results is removed by the next one, and never what a run that still goes on is writing."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import msgspec
import pytest

from streams.cli.main import main
from streams.errors import UserError
from streams.replay.aside import locked, room, unfinished
from streams.replay.folder import Folder
from tests.support.builders import comment

HOLDS = """
import sys, time
from pathlib import Path
from streams.replay.{module} import {name} as held
with held(Path(sys.argv[1])) as _:
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("c1")))


def holding(module: str, name: str, place: str) -> "subprocess.Popen[str]":
    """Return a process that writes there, and will not end by itself."""
    made = subprocess.Popen([sys.executable, "-c", HOLDS.format(module=module, name=name), place], stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None and made.stdout.readline() == "held\n"
    return made


def killed(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_two_runs_into_one_folder_are_refused_and_the_first_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    other = holding("folder", "Folder", "out")
    try:
        assert main(["replay", "--file", "in.jsonl", "--out", "out", "--force"]) == 2
        assert capsys.readouterr().err == "threadwatch: --out: another run is writing to out; wait for its end, or name another folder\n"
        assert list(Path("out").glob(".unfinished-*"))
    finally:
        killed(other)
    assert list(Path("out").glob(".unfinished-*")), "it was killed, and leaves what it was writing"
    assert main(["replay", "--file", "in.jsonl", "--out", "out"]) == 0
    assert not list(Path("out").glob(".*"))


def test_the_folder_is_free_again_whatever_ended_the_run() -> None:
    with pytest.raises(KeyError), Folder(Path("out")):
        raise KeyError
    assert main(["replay", "--file", "in.jsonl", "--out", "out"]) == 0


def test_a_file_that_a_killed_run_left_goes_and_that_of_one_that_goes_on_stays() -> None:
    going_on, left = holding("aside", "unfinished", "a.rec"), holding("aside", "unfinished", "a.rec")
    killed(left)
    assert len(list(Path().glob(".a.rec.unfinished-*"))) == 2
    with unfinished(Path("a.rec")) as (aside, _):
        assert sorted(Path().glob(".a.rec.unfinished-*")) == sorted([aside, *Path().glob(f".a.rec.unfinished-{going_on.pid}-*")])
        assert aside.stat().st_mode & 0o777 == 0o600
    killed(going_on)
    with unfinished(Path("b.rec")):
        assert len(list(Path().glob(".a.rec.unfinished-*"))) == 1, "that of another file is none of its business"


def test_a_room_among_temporary_files_goes_with_its_run_and_one_that_was_left_with_the_next() -> None:
    prefix = f"threadwatch-test-{os.getpid()}-"
    left = Path(gettempdir(), f"{prefix}left")
    left.mkdir()
    with room(prefix) as mine:
        assert not left.exists() and mine.stat().st_mode & 0o777 == 0o700
        with room(prefix) as other:
            assert mine.exists() and other != mine
    assert not list(Path(gettempdir()).glob(f"{prefix}*"))


def test_a_link_that_somebody_put_there_is_removed_and_not_what_it_leads_to() -> None:
    Path("mine").mkdir()
    Path("mine/precious").write_text("precious")
    Path("out").mkdir()
    Path("out/.unfinished-1").symlink_to(Path("mine").absolute())
    assert main(["replay", "--file", "in.jsonl", "--out", "out"]) == 0
    assert Path("mine/precious").read_text() == "precious" and not list(Path("out").glob(".*"))


def test_a_lock_is_nobodys_once_it_is_left() -> None:
    with locked(Path()) as first, locked(Path()) as second:
        assert (first, second) == (True, False)
    with locked(Path()) as again:
        assert again is True


def test_where_temporary_files_have_no_room_that_is_one_line_with_what_to_do() -> None:
    prefix = f"threadwatch-test-{os.getpid()}-"
    with pytest.raises(UserError, match=r"has no room for what is sorted there \(No space left.*make some, or name an --out"), room(prefix):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(PermissionError), room(prefix):
        raise PermissionError(errno.EACCES, "not mine")
    assert not list(Path(gettempdir()).glob(f"{prefix}*"))
