"""The audit log: a file a month, readable by its owner alone, gone after its term."""

import os
from datetime import timedelta

import msgspec
import pytest

from streams.console.access import Viewer
from streams.console.audit import Audit
from tests.support.builders import DAY, HOUR, NOON

KIM = Viewer("", "kim", "moderator")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def noted(audit: Audit, at, name: str = "case-1") -> None:
    """Write a line as if it were that time."""
    audit.note(at, KIM, "text", name)
    os.utime(audit.file, (at.timestamp(), at.timestamp()))


def lines(file) -> list[str]:
    return [msgspec.json.decode(line)["pileon_id"] for line in file.read_bytes().splitlines()]


def test_a_month_is_a_file_and_nothing_is_lost_between_them(folder):
    audit = Audit(folder / "console-audit.jsonl")
    for number, at in enumerate((NOON, NOON + DAY, NOON + 31 * DAY, NOON + 31 * DAY + HOUR, NOON + 62 * DAY)):
        noted(audit if number != 3 else Audit(audit.file), at, f"c{number}")
    assert {file.name: lines(file) for file in folder.iterdir()} == {
        "console-audit-2024-05.jsonl": ["c0", "c1"], "console-audit-2024-06.jsonl": ["c2", "c3"], "console-audit.jsonl": ["c4"],
    }  # fmt: skip
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_what_is_past_its_term_goes_and_nothing_else_does(folder):
    for name in ("console-audit-2024-01.jsonl", "console-audit-2024-03.jsonl", "console-audit-mine.jsonl", "other-2020-01.jsonl"):
        (folder / name).write_text("{}\n")
    noted(Audit(folder / "console-audit.jsonl", keep=timedelta(days=60)), NOON)
    assert sorted(file.name for file in folder.iterdir()) == [
        "console-audit-2024-03.jsonl", "console-audit-mine.jsonl", "console-audit.jsonl", "other-2020-01.jsonl"]  # fmt: skip


def test_who_is_asked_for_no_token_is_noted_by_the_name_that_was_typed(folder):
    audit = Audit(folder / "console-audit.jsonl")
    for viewer in (Viewer("s", None, "reviewer"), Viewer("s", None, "reviewer", "kim\n"), None):
        audit.note(NOON, viewer, "text")
    written = [msgspec.json.decode(line)["who"] for line in audit.file.read_bytes().splitlines()]
    assert written == ["at this machine", "at this machine, as kim\n", "nobody"]
