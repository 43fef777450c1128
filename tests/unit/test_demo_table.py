"""The demo's closing table: who is piled on now, and who was."""

from rich.console import Console

from streams.demo.account import Account
from streams.demo.table import print_table
from streams.stages.targets import Condition, TargetSummary

MARTA = TargetSummary(
    source="sample", community="politics", target_id="marta", hostile_authors=13.5, surely_hostile_authors=14, replies=16, severe=9,
    status=Condition.WATCH, why="watched, no pile-on: 14 of 16",
)  # fmt: skip


def printed(ended: set[tuple[str, str, str]]) -> str:
    console = Console(width=160, record=True, quiet=False)
    print_table(console, Account(4, 4, 0, 0, 1, len(ended), [MARTA], ended), 2.0, {"console": "http://127.0.0.1:1"})
    return console.export_text()


def test_whose_pile_on_is_over_is_said_to_have_had_one_and_not_to_be_watched() -> None:
    text = printed({("sample", "politics", "marta")})
    assert "ended" in text and "watched, no pile-on" not in text


def test_who_is_watched_is_told_with_the_reason() -> None:
    text = printed({("sample", "sport", "marta")})
    assert "marta: watched, no pile-on: 14 of 16" in text
