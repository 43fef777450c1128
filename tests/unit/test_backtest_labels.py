"""Labels: what a file says, line by line; which pile-on each speaks of; how sure precision and recall are."""

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.records import Judgement, Severity
from streams.replay.backtest.cases import Case, Kind, cases, matched
from streams.replay.backtest.feedback import judged_cases
from streams.replay.backtest.intervals import Pairs, gap, share, wilson
from streams.replay.backtest.judged import Judged, judged, speaks_of, unjudged
from streams.replay.backtest.labels import Label, labels_in
from streams.replay.backtest.next_up import MOST, next_up
from streams.replay.backtest.period import period
from streams.replay.backtest.played import Side
from tests.support.builders import DAY, HOUR, MINUTE, NOON, pileon, verdict
from tests.unit.test_backtest_cases import case

PILE_ON, NOT_ONE, UNSURE = Judgement.PILE_ON, Judgement.NOT_ONE, Judgement.UNSURE
HEADER = "target,from,to,verdict\n"
PERIOD = period([NOON - DAY, NOON + 30 * DAY])


def label(judgement: Judgement = PILE_ON, start: datetime = NOON, end: datetime | None = NOON + HOUR, **fields: Any) -> Label:
    said: dict[str, Any] = {"target_id": "ann", "start": start, "end": end, "judgement": judgement}
    return Label(**(said | fields))


def read(text: str | bytes, name: str = "labels") -> list[Label]:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return labels_in(name)


def many(count: int, **fields: Any) -> list[Case]:
    return [case(f"c{n}", NOON + n * DAY, NOON + n * DAY + HOUR, target_id=f"p{n}", **fields) for n in range(count)]


def labelled(of: list[Case], *judgements: Judgement) -> list[Label]:
    return [
        label(judgement, one.first_hostile_at, one.closed_at, target_id=one.target_id)
        for one, judgement in zip(of, judgements, strict=False)
    ]


def compared(labels: list[Label], baseline: list[Case], candidate: list[Case]) -> Judged:
    answered = {one.target for one in [*baseline, *candidate, case()]}
    return judged(labels, PERIOD, answered, {Side.BASELINE: baseline, Side.CANDIDATE: candidate})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# Files.
CSV = HEADER.replace("verdict", "verdict,source,note") + (
    "ann,2024-05-04T12:00:00Z,2024-05-04T13:00:00Z,pile_on,news,\n\n"
    '"b,ob",2024-05-04 12:00,,not_one,,"two\nlines"\ncem,2024-05-04T14:00:00+02:00,,,,\n'
)


def test_a_table_gives_its_labels_and_leaves_out_what_nobody_judged_yet():
    first, second = read(CSV)
    assert (first.target_id, first.judgement, first.source, first.end and first.end - first.start) == ("ann", PILE_ON, "news", HOUR)
    assert (second.target_id, second.judgement, second.source, second.end) == ("b,ob", NOT_ONE, None, None)
    assert second.start == first.start


@pytest.mark.parametrize("packed", [gzip.compress, lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_packed_files_byte_order_marks_and_other_line_ends_are_read_alike(packed: Any):
    text = (HEADER + "ann,2024-05-04T12:00Z,2024-05-04T13:00Z,pile_on\n").encode()
    assert read(packed(text)) == read(text)


def test_lines_of_json_say_the_same_as_a_table():
    lines = [{"target": "ann", "from": "2024-05-04T12:00:00Z", "to": None, "verdict": "unsure"}, {"verdict": None}]
    assert read(b"\n".join(map(msgspec.json.encode, lines))) == read(HEADER + "ann,2024-05-04T12:00:00Z,,unsure")


def test_the_same_said_twice_is_one_label():
    line = "ann,2024-05-04T12:00:00Z,,unsure\n"
    assert len(read(HEADER + line + line)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + "ann,2024-05-04,2024-05-03,pile_on", "labels:2: to is before from"),
        (HEADER + "ann,yesterday,,pile_on", "labels:2: from is 'yesterday'; write a time"),
        (HEADER + "ann,,,pile_on", "labels:2: has no from"),
        (HEADER + "ann,2024-05-04,,maybe", "labels:2: verdict is 'maybe'; it is one of pile_on, not_one, unsure"),
        (HEADER + ",2024-05-04,,pile_on", "labels:2: has no target"),
        (HEADER + "x" * 6000 + ",2024-05-04,,pile_on", "labels:2: target: "),
        (HEADER + 'ann,2024-05-04,,"pile_on', "labels:2: is no CSV"),
        (HEADER + "ann,2024-05-04,,pile_on\nann,2024-05-04,,not_one", "labels:3: says not_one of what line 2 says pile_on of"),
        ("target,from,verdict\n", "labels:1: has no column to"),
        ("", "labels:1: has no column target, from, to, verdict"),
        (HEADER, "labels: holds no label"),
        (HEADER + "ann,2024-05-04,,\n", "labels: holds no label"),
        ('{"target": "ann", "from": 3, "verdict": "pile_on"}', "labels:1: from is 3; write a time"),
        ('{"target": {}, "from": "2024-05-04", "verdict": "pile_on"}', "labels:1: target: "),
        ('{"target": "ann", "from": "2024-05-04", "verdict": ["pile_on"]}', "labels:1: verdict is "),
        ('{"verdict": null}\nnonsense', "labels:2: is no JSON object"),
        ('{"verdict": null}\n[1]', "labels:2: is no JSON object"),
        (HEADER.encode() + b"\xff,2024-05-04,,pile_on", "labels:2: is not UTF-8"),
        (b"x" * (5 << 20), "labels:1: is 5242880 bytes long"),
    ],
)
def test_what_is_no_label_is_told_with_file_and_line(text: str | bytes, said: str):
    with pytest.raises(UserError) as told:
        read(text)
    assert str(told.value).startswith(said) and "\n" not in str(told.value)


@given(st.binary(max_size=200))
def test_random_bytes_are_labels_or_a_plain_line(tmp_path_factory: pytest.TempPathFactory, text: bytes):
    file = tmp_path_factory.mktemp("random") / "labels"
    for start in (b"", HEADER.encode(), b"{"):
        file.write_bytes(start + text)
        with pytest.raises(UserError) as told:
            labels_in(str(file))
        assert "\n" not in str(told.value)


# Whom they speak of.
@pytest.mark.parametrize(
    ("fields", "speaks"),
    [({}, True), ({"source": "news", "community": "sport"}, True), ({"source": "forum"}, False), ({"community": "x"}, False),
     ({"target_id": "bob"}, False), ({"start": NOON + HOUR}, True), ({"start": NOON + HOUR + MINUTE, "end": None}, False),
     ({"start": NOON - DAY, "end": NOON}, True), ({"start": NOON - DAY, "end": NOON - MINUTE}, False),
     ({"start": NOON - DAY, "end": NOON - MINUTE, "pileon_id": "a"}, True), ({"start": NOON - DAY, "end": None}, True)],
)  # fmt: skip
def test_a_label_speaks_of_a_pile_on_on_the_same_person_at_the_same_time(fields: dict[str, Any], speaks: bool):
    assert speaks_of(label(**fields), case("a")) is speaks


def test_a_verdict_of_the_topic_speaks_of_its_pile_on_and_the_latest_counts():
    verdicts = [verdict(NOT_ONE, pileon_id="case-1"), verdict(PILE_ON, pileon_id="case-1"), verdict(PILE_ON, pileon_id="gone")]
    (found,) = judged_cases(verdicts, cases([pileon(), pileon("case-2")]))
    assert (found.judgement, found.pileon_id, found.target_id, found.end) == (PILE_ON, "case-1", "ann", None)


@pytest.mark.parametrize(
    ("said", "right", "n", "unsure"),
    [([PILE_ON, NOT_ONE], 1, 1, 0), ([NOT_ONE, UNSURE], 0, 1, 0), ([UNSURE], 0, 0, 1), ([NOT_ONE], 0, 1, 0)],
)
def test_of_several_labels_on_one_case_a_pile_on_counts_first(said: list[Judgement], right: int, n: int, unsure: int):
    labels = [label(judgement, NOON + at * MINUTE, NOON + at * MINUTE) for at, judgement in enumerate(said)]
    found = compared(labels, [case()], [])
    assert (found.baseline.precision.hits, found.baseline.precision.n, found.baseline.unsure) == (right, n, unsure)


# Precision and recall.
def test_what_nobody_labelled_is_never_wrong():
    all_ = many(10)
    found = compared(labelled(all_, PILE_ON, PILE_ON, PILE_ON, NOT_ONE), all_, all_[:3])
    assert found.baseline.precision == share(3, 4) and found.candidate.precision == share(3, 3)
    assert (found.baseline.unjudged, found.candidate.unjudged) == (6, 0)
    assert found.baseline.recall == found.candidate.recall == share(3, 3)


def test_a_labelled_pile_on_that_a_side_does_not_have_is_missed_by_it():
    all_ = many(4)
    found = compared(labelled(all_, *[PILE_ON] * 4), all_[:3], all_[:1])
    assert (found.baseline.recall, found.candidate.recall) == (share(3, 4), share(1, 4))
    assert found.recall_delta == gap(share(3, 4), share(1, 4), Pairs(1, 0, 2, 1))
    assert found.precision_delta == gap(share(3, 3), share(1, 1))


def test_labels_of_another_period_say_nothing_and_strangers_are_told():
    labels = [label(), label(target_id="nobody"), label(NOT_ONE, NOON - 9 * DAY, NOON - 8 * DAY)]
    found = compared(labels, [case()], [])
    assert (found.labels, found.in_period, found.of_nobody_here) == (3, 2, 1)
    assert found.baseline.recall == share(1, 2)


@pytest.mark.parametrize(
    ("labels", "said"),
    [([label(start=NOON - 9 * DAY, end=NOON - 8 * DAY)], "none lies in the period"), ([label(target_id="x")], "nobody that they speak of"),
     ([label(source="forum")], "nobody that they speak of")],
)  # fmt: skip
def test_labels_of_something_else_are_refused(labels: list[Label], said: str):
    with pytest.raises(UserError, match=said):
        compared(labels, [case()], [])


def test_intervals_are_those_that_the_literature_prints():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    printed = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for (hits, n), bounds in printed.items():
        assert wilson(hits, n) == pytest.approx(bounds, abs=5e-5)
    # Newcombe 1998, "Interval estimation for the difference …", table II, method 10: 56/70 − 48/80.
    assert gap(share(48, 80), share(56, 70)).low == pytest.approx(0.0524, abs=5e-5)
    assert gap(share(48, 80), share(56, 70)).high == pytest.approx(0.3339, abs=5e-5)
    # Of nothing nothing is known.
    assert share(0, 0).low is None and gap(share(0, 0), share(1, 2)).value is None


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_bounds_hold_what_was_found_and_pairs_turned_round_turn_them_round(both: int, second: int, first: int, neither: int):
    n = both + second + first + neither
    if not n:
        return
    before, after = share(both + first, n), share(both + second, n)
    there, back = gap(before, after, Pairs(both, second, first, neither)), gap(after, before, Pairs(both, first, second, neither))
    assert -1 <= there.low <= there.value <= there.high <= 1  # type: ignore[operator]
    assert there.low == pytest.approx(-back.high, abs=2e-6)  # type: ignore[operator]


def test_equal_answers_to_equal_questions_leave_no_doubt_about_the_difference():
    same = gap(share(30, 40), share(30, 40), Pairs(30, 0, 0, 10))
    apart = gap(share(30, 40), share(30, 40))
    assert same.high - same.low < (apart.high - apart.low) / 2  # type: ignore[operator]


# Whom to judge next.
def test_where_the_sides_differ_is_judged_first_and_the_less_known_side_begins():
    all_ = many(8)
    baseline, candidate = all_[:6], [*all_[:2], *all_[6:]]
    found = next_up(matched(baseline, candidate), {Side.BASELINE: share(9, 10), Side.CANDIDATE: share(0, 0)})
    assert [one.change for one in found] == [*[Kind.GAINED] * 2, *[Kind.LOST] * 4, *[Kind.UNCHANGED] * 2]


def test_two_sides_known_alike_take_turns():
    all_ = many(8)
    found = next_up(matched(all_[:4], all_[4:]), dict.fromkeys(Side, share(0, 0)))
    assert sorted(one.change for one in found[:2]) == ["gained", "lost"]
    assert sorted(one.change for one in found[2:4]) == ["gained", "lost"]


def test_the_gravest_come_first_and_there_are_at_most_20():
    grave = case("grave", severity=Severity.CRITICAL, target_id="z")
    people = case("people", hostile_authors=50, target_id="y")
    found = next_up(matched([*many(40), people, grave], []), dict.fromkeys(Side, share(0, 0)))
    assert [one.case.pileon_id for one in found[:2]] == ["grave", "people"] and len(found) == MOST


def test_what_somebody_looked_at_is_not_asked_again():
    all_ = many(4)
    changes = matched(all_, all_[:2])
    left = unjudged(changes, labelled(all_, UNSURE, NOT_ONE, PILE_ON))
    assert [change.case.pileon_id for change in left] == ["c3"]
