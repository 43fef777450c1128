"""``threadwatch redrive --mend``: a command that fails, or does not end, is one plain line."""

import sys

import pytest

from streams.cli import redrive
from streams.cli.redrive import MendFailed
from streams.kafka.redrive import Letter
from streams.topics import COMMENTS_RAW

LETTER = Letter(2, 17, None, b"nonsense", {})


def mended(program: str) -> bytes | None:
    return redrive._mended(COMMENTS_RAW, LETTER, redrive._mender(f"{sys.executable} -c '{program}'"))


def test_a_command_that_fails_is_told_with_its_exit_code_and_the_letter() -> None:
    with pytest.raises(MendFailed, match=r"ended with 3 for the letter at 2:17"):
        mended("raise SystemExit(3)")


def test_a_command_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "MEND_WITHIN", 0.2)
    with pytest.raises(MendFailed, match=r"did not end within 0.2 s for the letter at 2:17"):
        mended("import time; time.sleep(60)")


def test_what_the_command_gives_back_unreadable_is_left() -> None:
    assert mended("print(1)") is None
