"""The installation key, and ids that nobody can reverse without it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.pseudonyms import installation_key, pseudonym

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THREADWATCH_KEY", raising=False)


def test_a_key_is_made_once_told_once_and_readable_by_its_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = installation_key(tmp_path / "data")
    assert len(made) == 32
    assert "made the installation key" in capsys.readouterr().err
    assert installation_key(tmp_path / "data") == made
    assert capsys.readouterr().err == ""
    assert stat.S_IMODE((tmp_path / "data" / "key").stat().st_mode) == 0o600


def test_those_who_begin_at_once_have_one_key(tmp_path: Path) -> None:
    for attempt in range(20):
        folder, ready = tmp_path / str(attempt), Barrier(8)

        def begins(folder: Path = folder, ready: Barrier = ready) -> bytes:
            ready.wait()
            return installation_key(folder)

        with ThreadPoolExecutor(8) as together:
            (_,) = {made.result() for made in [together.submit(begins) for _ in range(8)]}
        assert [file.name for file in folder.iterdir()] == ["key"]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    assert installation_key(tmp_path / "a") != installation_key(tmp_path / "b")


def test_the_environment_s_key_is_taken_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADWATCH_KEY", "ab" * 32)
    assert installation_key(tmp_path) == b"\xab" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["", "xyz", "ab" * 31, "ab" * 33, "é" * 64])
def test_a_key_that_is_none_is_refused_with_its_place(tmp_path: Path, bad: str) -> None:
    (tmp_path / "key").write_text(bad, encoding="utf-8")
    with pytest.raises(UserError, match="64 hex digits are wanted"):
        installation_key(tmp_path)


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_a_pseudonym_stands_for_its_parts_and_for_nothing_else(one: list[str], other: list[str]) -> None:
    assert (pseudonym(KEY, *one) == pseudonym(KEY, *other)) is (one == other)
    assert pseudonym(KEY, *one) != pseudonym(OTHER, *one)
    assert len(pseudonym(KEY, *one)) == 16


def test_a_folder_that_cannot_hold_the_key_is_a_plain_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match=r"cannot be read or made .*THREADWATCH_DATA"):
        installation_key(tmp_path / "file")
