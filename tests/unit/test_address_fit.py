"""``threadwatch address --fit``: from a source that names parents, what page order should believe where there are none."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.address_fit import by_source
from streams.cli.main import main
from streams.records import Comment
from streams.replay.priors.fit import fitted
from streams.replay.priors.hidden import Order, shown
from streams.replay.priors.learned import MIN_ANSWERS, table, unfit
from streams.replay.priors.played import linked, previous_other, ready
from streams.replay.priors.reliability import reliability
from streams.stages.candidates import Prior
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED
from tests.support.builders import MINUTE, NOON, comment, scored
from tests.support.recorded import messages, write_recording

TALKS = 70


def written(path: Path, comments: list[Comment]) -> str:
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in comments))
    return str(path)


def talks(number: int, **fields: str) -> Iterator[Comment]:
    """Everybody answers who began: the last other author before is right once in three times."""
    for talk in range(number):
        for n in range(4):
            yield comment(
                f"c{n}", conversation_id=f"talk{talk}", author_id=f"person{n}of{talk}", parent_id="c0" if n else None,
                created_at=NOON + n * MINUTE, text=f"Something about the {n}th bridge.", **fields,
            )  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["address", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code, out, err = told(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


def test_what_a_source_teaches_is_found_and_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(tmp_path / "in.jsonl", list(talks(TALKS, source="forum")))
    settings = tmp_path / "threadwatch.toml"
    code, out, err = told(capsys, "--fit", file, "--as", "a page", "--out", str(settings))
    assert (code, out) == (0, "")
    fitted = msgspec.convert(tomllib.loads(settings.read_text())["address"]["priors"]["a page"], Prior)
    assert fitted.starter > Prior().starter
    shares = {line[:34].strip(): line[34:].split() for line in err.splitlines()}
    assert shares["the last other author is right"][0] == "33.3%"
    assert shares["surest candidate, fitted"][0] == "100.0%"
    # The settings are settings.
    assert told(capsys, "--config", str(settings), file)[0] == 0


def test_no_fit_names_fewer_people_right_than_the_last_other_author_where_it_learned():
    """Half of them say again what the first one said, and answer the last all the same."""
    said = ["The old stone bridge floods.", "It does.", "The old stone bridge floods?", "Each spring."]
    chain = [
        comment(
            f"c{n}", conversation_id=f"talk{talk}", author_id=f"person{n}of{talk}", parent_id=f"c{n - 1}" if n else None,
            created_at=NOON + n * MINUTE, text=text,
        )
        for talk in range(20) for n, text in enumerate(said)
    ]  # fmt: skip
    learned_from = [*shown(chain, Order.PAGE).halves[0], *shown(chain, Order.PAGE).halves[1]]
    heard = ready((talk, [0.05] * len(talk)) for talk in learned_from)
    by_rule = [
        guess == one.answers for talk in learned_from for one, guess in zip(talk, previous_other(talk), strict=True) if one.is_answer
    ]
    by_fit = [one.is_right for one in linked(heard, fitted(heard)) if one.hidden.is_answer]
    assert sum(by_fit) >= sum(by_rule) == 60


def test_a_recording_without_parents_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bare = [msgspec.structs.replace(one, parent_id=None) for one in talks(5)]
    assert "no comment names its parent" in complaint(capsys, "--fit", written(tmp_path / "in.jsonl", bare))


def test_too_few_comments_and_one_author_are_told_with_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    few, alone = tmp_path / "few.jsonl", tmp_path / "alone.jsonl"
    said = complaint(capsys, "--fit", written(few, list(talks(2))))
    assert "too few answers" in said
    assert f"at least {MIN_ANSWERS}" in said
    assert "one author" in complaint(capsys, "--fit", written(alone, [msgspec.structs.replace(one, author_id="ann") for one in talks(90)]))
    assert "no known author" in str(unfit(shown([msgspec.structs.replace(one, author_id=None) for one in talks(90)], Order.PAGE)))


def test_an_empty_file_a_missing_one_and_a_wrong_order_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    empty = written(tmp_path / "in.jsonl", [])
    assert "is empty" in complaint(capsys, "--fit", empty)
    assert "none.jsonl" in complaint(capsys, "--fit", str(tmp_path / "none.jsonl"))
    assert "page or time" in complaint(capsys, "--fit", empty, "--order", "votes")


def test_options_of_a_fit_are_of_no_use_without_it_and_a_file_none_with_it(capsys: pytest.CaptureFixture[str]):
    assert "belong to --fit" in complaint(capsys, "in.jsonl", "--as", "page")
    assert "leave out in.jsonl" in complaint(capsys, "in.jsonl", "--fit", "other.jsonl")


def test_one_name_cannot_be_taught_by_two_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(tmp_path / "in.jsonl", [comment("a", source="one"), comment("b", source="two")])
    assert "one, two" in complaint(capsys, "--fit", file, "--as", "page")


def test_a_page_shows_answers_below_what_they_answer_and_time_does_not():
    at = [
        comment(name, parent_id=parent, created_at=NOON + n * MINUTE)
        for n, (name, parent) in enumerate((("a", None), ("b", None), ("c", "a")))
    ]
    for order, ids in ((Order.PAGE, "acb"), (Order.TIME, "abc")):
        (talk,) = [talk for half in shown(at, order).halves for talk in half]
        assert "".join(one.comment.comment_id for one in talk) == ids
        assert all(one.comment.parent_id is None for one in talk)


def test_comments_that_answer_each_other_in_a_ring_stand_on_no_page():
    ring = [comment("a", parent_id="b"), comment("b", parent_id="a"), comment("c", parent_id="c")]
    assert [one.comment.comment_id for half in shown(ring, Order.PAGE).halves for talk in half for one in talk] == ["c"]


def test_the_rule_to_beat_is_the_last_author_before_who_is_somebody_else():
    at = [comment(str(n), author_id=who, created_at=NOON + n * MINUTE) for n, who in enumerate(("ann", "bob", "bob", None, "ann"))]
    (talk,) = [talk for half in shown(at, Order.TIME).halves for talk in half]
    assert previous_other(talk) == [None, "ann", "ann", "bob", "bob"]


def test_a_table_of_reliability_has_the_mean_and_the_share_of_each_tenth():
    found = reliability([(0.72, True), (0.78, False), (1.0, True)])
    assert [(one.low, one.n, one.confidence, one.right) for one in found.bins] == [(0.7, 2, 0.75, 0.5), (0.9, 1, 1.0, 1.0)]
    assert found.error == pytest.approx((2 * 0.25 + 0) / 3)
    assert reliability([]).error == 0.0


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_source_can_be_named_in_a_table(source: str):
    assert tomllib.loads(table(source, Prior())) == {"address": {"priors": {source: msgspec.to_builtins(Prior())}}}


def test_what_threadwatch_recorded_teaches_what_its_lines_teach(tmp_path: Path):
    comments = list(talks(3))
    given = written(tmp_path / "in.jsonl", comments)
    raw = write_recording(
        tmp_path / "raw.rec", COMMENTS_RAW.name, messages(COMMENTS_RAW.name, [msgspec.json.encode(one) for one in comments])
    )
    lines = [msgspec.json.encode(scored(one.comment_id, **fields_of(one))) for one in comments]
    kept = write_recording(tmp_path / "scored.rec", COMMENTS_SCORED.name, messages(COMMENTS_SCORED.name, lines))
    assert ids(str(raw)) == ids(str(kept)) == ids(given) == [one.comment_id for one in comments]


def fields_of(one: Comment) -> dict[str, object]:
    return {name: getattr(one, name) for name in ("conversation_id", "author_id", "parent_id", "created_at", "text")}


def ids(file: str) -> list[str]:
    return [one.comment_id for comments in by_source(file, None).values() for one in comments]
