"""One line a transition: numbers and opaque ids; names cannot do anything to a terminal."""

import io
import tomllib
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from streams.lines import case_lines, line_of, quoted, shown
from streams.records import EndedBecause, Severity, Status
from tests.support.builders import HOUR, MINUTE, NOON, pileon


def test_an_opened_pile_on_is_told_with_place_case_people_and_minutes() -> None:
    line = line_of(pileon("7Q4F2ABCDEF", hostile_authors=9, replying_authors=14, first_hostile_at=NOON - 22 * MINUTE)).plain
    assert line == "12:00 opened  warning   news/sport  case 7Q4F2A…  9 people hostile in 22 min, 9 of 14 replying"


def test_several_conversations_and_a_worse_severity_are_told() -> None:
    line = line_of(pileon(status=Status.ONGOING, severity=Severity.CRITICAL, conversations=("a", "b", "c"))).plain
    assert "ongoing critical" in line
    assert "across 3 conversations" in line


def test_a_closed_one_says_why_and_when_it_closed() -> None:
    closed = pileon(status=Status.CLOSED, closed_at=NOON + 6 * HOUR, ended_because=EndedBecause.REMOVED, hostile_authors=1)
    line = line_of(closed).plain
    assert line.startswith("18:00 closed")
    assert line.endswith("1 person hostile in 6 h 10 min; ended: removed")


def test_times_are_shown_where_the_reader_is() -> None:
    assert line_of(pileon(), timezone(timedelta(hours=2))).plain.startswith("14:00")


def test_a_case_in_full_tells_whom_where_and_by_what_evidence() -> None:
    lines = case_lines(pileon("7q4f2abcdef", target_id="ann", conversations=("talk", "walk"), evidence=("c1", "c2"), reason="5 people"))
    told = {line[:14].strip(): line[14:] for line in lines}
    assert (told["target"], told["conversations"], told["evidence"]) == ('"ann"', '"talk", "walk"', '"c1", "c2"')
    assert (told["reason"], told["source"], told["community"]) == ("5 people", '"news"', '"sport"')
    assert "7q4f2abcdef" in told["case"]
    assert told["people"].startswith("4 hostile")


@given(st.text(min_size=1, max_size=40))
def test_an_id_in_quotes_is_read_back_from_toml_and_moves_no_cursor(name: str) -> None:
    assert tomllib.loads(f"target = {quoted(name)}") == {"target": name}
    assert quoted(name).isprintable()


def test_no_target_conversation_or_comment_is_in_it() -> None:
    line = line_of(pileon(target_id="SECRET", conversations=("SECRET",), evidence=("SECRET",), opened_by="SECRET")).plain
    assert "SECRET" not in line


@given(st.text(min_size=1, max_size=512))
def test_whatever_a_community_is_called_the_line_stays_one_line_of_printable_signs(name: str) -> None:
    line = line_of(pileon(community=name, source=name)).plain
    assert line.isprintable()
    assert len(line) < 200
    out = io.StringIO()
    Console(file=out, width=400, force_terminal=False).print(line_of(pileon(community="[red]x[/]")))
    assert "[red]x[/]" in out.getvalue()


def test_what_turns_text_round_or_moves_the_cursor_is_shown_as_a_sign() -> None:
    assert shown("a\u202eb\x1b[2Jc") == "a\ufffdb\ufffd[2Jc"
    assert len(shown("x" * 500)) == 41
