"""JSON lines and CSV as comments: mapping, times, rejects; hostile rows cost one line each."""

import gzip
import io
from datetime import UTC, datetime

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.packed import lines_of, opened
from streams.records import Action, Comment
from streams.sources.instants import instant
from streams.sources.known import ids_in
from streams.sources.opened import page_text
from streams.sources.rows import NoComment, Plan, check_columns, comment_of, mapped
from streams.sources.tables import Rejects, comments, csv_rows, json_rows
from tests.support.builders import NOON, comment

DEFAULTS = {"source": "file", "community": "gazette", "conversation_id": "talk"}
ROW = {"comment_id": "c1", "created_at": "2024-05-01T12:00:00Z", "text": "Hello.", "author_id": "ann"}


def plan(**fields):
    return Plan(**({"defaults": DEFAULTS} | fields))


class Listed:
    """Rejects kept in memory."""

    def __init__(self):
        self.rows = []

    def add(self, line, reason):
        self.rows.append((line, reason))


def read_json(data, **fields):
    rejected = Listed()
    return list(comments(json_rows(io.BytesIO(data), rejected.add), plan(**fields), rejected.add, "x.jsonl")), rejected.rows


def read_csv(data, **fields):
    rejected = Listed()
    return list(comments(csv_rows(io.BytesIO(data), rejected.add, "x.csv"), plan(**fields), rejected.add, "x.csv")), rejected.rows


@pytest.mark.parametrize(
    "value",
    ["2024-05-01T12:00:00Z", "2024-05-01T12:00:00", "2024-05-01 12:00:00", "2024-05-01 12:00:00 UTC", "2024-05-01T14:00:00+02:00",
     "20240501T120000Z", 1714564800, "1714564800", 1714564800.0, 1714564800000, "1714564800000", 1714564800000000, "1714564800.0"],
    ids=repr,
)  # fmt: skip
def test_a_time_is_read_in_every_form_that_sources_use(value):
    assert instant(value) == NOON
    assert instant(value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "", "yesterday", None, True, [], {}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 10**300, -1e18, "1e5", "9" * 400,
        float("inf"), float("nan"), "2024-13-01",
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_words(value):
    with pytest.raises(ValueError, match="is no time"):
        instant(value)


@given(st.datetimes(datetime(1974, 1, 1), datetime(2199, 1, 1)))  # noqa: DTZ001
def test_seconds_milliseconds_and_iso_say_the_same_moment(moment):
    moment = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1000)
    assert instant(moment.isoformat()) == instant(milliseconds) == moment


def test_a_record_written_as_json_is_read_back_as_it_was():
    records = [
        comment("a", text="x\ny"),
        comment("b", parent_id="a", author_id=None, created_at_is_estimated=True),
        comment("c", action=Action.DELETED, text=None),
    ]
    assert read_json(b"\n".join(map(msgspec.json.encode, records))) == (records, [])


def test_columns_are_mapped_also_inside_objects():
    row = {"id": 7, "body": "Hi", "user": {"name": "ann"}, "created_utc": 1714564800, "link": "t3"}
    columns = mapped(["comment_id=id", "text=body", "author_id=user.name", "created_at=created_utc", "conversation_id=link"])
    found = comment_of(plan(columns=columns), row)
    assert found == Comment(
        source="file", community="gazette", conversation_id="t3", comment_id="7", text="Hi", author_id="ann", created_at=NOON
    )


def test_what_a_row_says_goes_before_the_default_and_the_empty_does_not():
    found = comment_of(plan(), ROW | {"community": "sport", "source": "", "parent_id": 0, "author_name": ""})
    assert (found.community, found.source, found.parent_id, found.author_name) == ("sport", "file", None, None)


def test_an_unknown_field_names_the_fields():
    with pytest.raises(UserError, match="there is no field txt; the fields are source, community"):
        mapped(["txt=body"])


@pytest.mark.parametrize("pair", ["text", "text=", "="])
def test_a_mapping_without_a_column_is_a_users_mistake(pair):
    with pytest.raises(UserError, match="field"):
        mapped([pair])


def test_an_unknown_column_names_the_columns():
    with pytest.raises(UserError, match=r"x\.jsonl: there is no column body .*the columns are comment_id, created_at, text, author_id"):
        read_json(msgspec.json.encode(ROW), columns={"text": "body"})


def test_a_required_field_without_a_column_says_what_to_do():
    with pytest.raises(UserError, match="no column gives conversation_id: say --conversation ID or --map conversation_id=COLUMN"):
        check_columns(Plan(defaults={"source": "s", "community": "c"}), [ROW], "x")


def test_historical_rows_arrive_as_of_then_and_edits_when_they_were_made():
    edit = ROW | {"action": "Edited", "edited_at": "2024-05-01T13:00:00Z"}
    assert comment_of(plan(arrived_at="created"), ROW).ingested_at == NOON
    assert comment_of(plan(arrived_at="created"), edit).ingested_at == datetime(2024, 5, 1, 13, tzinfo=UTC)


def test_arriving_now_leaves_the_time_to_kafka_and_else_the_rows_own_stays():
    row = ROW | {"ingested_at": "2024-05-01T12:30:00Z"}
    assert comment_of(plan(arrived_at="now"), row).ingested_at is None
    assert comment_of(plan(), row).ingested_at == datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def test_people_are_pseudonymised_in_every_field():
    row = ROW | {"author_name": "Ann", "reply_to_author_id": "bob", "conversation_author_id": "cy"}
    found = comment_of(plan(pseudonymise=lambda source, community, person: f"<{person}>"), row)
    assert (found.author_id, found.author_name, found.reply_to_author_id, found.conversation_author_id) == (
        "<ann>",
        "<Ann>",
        "<bob>",
        "<cy>",
    )


def test_a_pseudonym_is_of_the_rows_own_source_and_community():
    hide = plan(pseudonymise=lambda source, community, person: f"{source}/{community}/{person}")
    assert comment_of(hide, ROW | {"source": "forum", "community": "boats", "author_id": "ann"}).author_id == "forum/boats/ann"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"created_at": "soon"}, "created_at is no time"),
        ({"comment_id": None}, "has no comment_id"),
        ({"comment_id": ["a"]}, "Expected `str`"),
        ({"author_id": {"a": 1}}, "Expected `str"),
        ({"text": ["a"]}, "Expected `str"),
        ({"action": "shouted"}, "Invalid enum value"),
        ({"comment_id": "x" * 2000}, "length <= 1024"),
        ({"text": "x" * 5_000_000}, "is larger than"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_row_that_is_no_comment_says_why(change, reason):
    with pytest.raises(NoComment, match=reason):
        comment_of(plan(), ROW | change)


HOSTILE_LINES = (
    b"{",
    b"[1]",
    b"nothing",
    b'{"a":"\xff"}',
    b"[" * 100_000,
    b"\x00",
    b'"text"',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":"\\ud800"}',
)


def test_hostile_lines_cost_a_reject_each_and_the_good_ones_come_through():
    good = msgspec.json.encode(ROW)
    found, rejected = read_json(b"\n".join([good, *HOSTILE_LINES, b"", good]))
    assert len(found) == 2
    assert [line for line, _ in rejected] == list(range(2, 2 + len(HOSTILE_LINES)))


def test_a_line_that_is_too_long_is_passed_over(monkeypatch):
    monkeypatch.setattr("streams.packed.MAX_LINE", 200)
    good = msgspec.json.encode(ROW)
    found, rejected = read_json(good + b"\n" + b"x" * 100_000 + b"\n" + good + b"\n" + b"y" * 201)
    assert (len(found), [line for line, _ in rejected]) == (2, [2, 4])


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_random_bytes_between_good_lines_never_raise(pieces):
    good = msgspec.json.encode(ROW)
    found, rejected = read_json(good + b"\n" + b"\n".join(pieces) + b"\n" + good)
    assert len(found) >= 2
    assert all(reason for _, reason in rejected)


CSV_HEAD = b"comment_id,created_at,text,author_id\n"
CSV_GOOD = b'%s,2024-05-01T12:00:00Z,"Hello, ""you""\nthere",ann\n'


def test_csv_with_quotes_line_breaks_and_a_mark_is_read():
    (found,), rejected = read_csv(b"\xef\xbb\xbf" + CSV_HEAD + CSV_GOOD % b"c1")
    assert (found.comment_id, found.text, found.author_id, rejected) == ("c1", 'Hello, "you"\nthere', "ann", [])


@pytest.mark.parametrize("delimiter", [b"\t", b";"])
def test_the_delimiter_is_told_from_the_first_line(delimiter):
    data = CSV_HEAD.replace(b",", delimiter) + delimiter.join([b"c1", b"1714564800", b"a, b", b""]) + b"\r\n"
    (found,), _ = read_csv(data)
    assert (found.text, found.author_id, found.created_at) == ("a, b", None, NOON)


def test_csv_rows_that_are_none_are_rejected_with_the_line_where_they_begin():
    data = (
        CSV_HEAD
        + CSV_GOOD % b"c1"
        + b"too,few\n"
        + b"a,b,c,d,e\n"
        + b"c2,1714564800,\xff\xfe,ann\n"
        + b"\n"
        + b"c3,never,x,y\n"
        + CSV_GOOD % b"c4"
    )
    found, rejected = read_csv(data)
    assert [c.comment_id for c in found] == ["c1", "c4"]
    assert [line for line, _ in rejected] == [4, 5, 6, 8]
    assert [reason for _, reason in rejected][2] == "is not UTF-8"


def test_an_open_quote_costs_what_it_swallows_and_reading_goes_on(monkeypatch):
    monkeypatch.setattr("streams.sources.tables.MAX_LINE", 2000)
    data = CSV_HEAD + CSV_GOOD % b"c1" + b'c2,1714564800,"open,ann\n' + b"c3,1714564800,hm,ann\n" * 200 + CSV_GOOD % b"c4"
    found, rejected = read_csv(data)
    assert found[0].comment_id == "c1"
    assert found[-1].comment_id == "c4"
    assert "field larger than field limit" in rejected[0][1]
    assert "lines 4 to" in rejected[0][1]


@given(st.binary(max_size=300))
def test_random_bytes_below_a_csv_header_never_raise(data):
    found, rejected = read_csv(CSV_HEAD + CSV_GOOD % b"c1" + data)
    assert found[0].comment_id == "c1"
    assert all(line >= 4 for line, _ in rejected)


def test_an_empty_csv_is_a_users_mistake():
    with pytest.raises(UserError, match="is empty"):
        read_csv(b"")


PACKED = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "zst of two frames": lambda data: zstandard.compress(data[:500]) + zstandard.compress(data[500:]),
    "zst with a large window": lambda data: zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=True, write_content_size=False)
    ).compress(data),
}
LINES = b"".join(b"line %d\n" % at for at in range(50_000))


@pytest.mark.parametrize("how", PACKED)
def test_a_packed_file_is_read_as_it_is(how, tmp_path):
    file = tmp_path / "rows"
    file.write_bytes(PACKED[how](LINES))
    with opened(str(file)) as (stream, _):
        assert b"".join(line.value + b"\n" for line in lines_of(stream)) == LINES


@pytest.mark.parametrize("how", ["gz", "zst", "zst of two frames"])
def test_a_packed_file_that_was_cut_off_is_a_users_mistake_and_never_a_silent_end(how, tmp_path):
    file = tmp_path / "rows"
    file.write_bytes(PACKED[how](LINES)[:-20])
    with pytest.raises(UserError, match="damaged or cut off"), opened(str(file)) as (stream, _):
        list(lines_of(stream))


@pytest.mark.parametrize("how", ["gz", "zst"])
def test_a_packed_file_with_garbage_in_it_is_a_users_mistake(how, tmp_path):
    file = tmp_path / "rows"
    packed = bytearray(PACKED[how](LINES))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = b"\xaa" * 50
    file.write_bytes(bytes(packed))
    with pytest.raises(UserError, match="damaged or cut off"), opened(str(file)) as (stream, _):
        list(lines_of(stream))


def test_a_missing_file_and_a_folder_are_users_mistakes(tmp_path):
    for place in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UserError, match=str(place)):
            page_text(str(place))


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_page_is_read_in_the_codings_that_editors_write(coding, tmp_path):
    file = tmp_path / "page.txt"
    file.write_bytes("Zoë 🌊".encode(coding))
    assert page_text(str(file)) == "Zoë 🌊"


def test_known_ids_are_read_from_ids_and_from_records(tmp_path):
    file = tmp_path / "seen"
    file.write_bytes(b"a1\n\n" + msgspec.json.encode(comment("b2")) + b"\n")
    assert ids_in(str(file)) == {"a1", "b2"}


def test_a_known_line_without_an_id_is_a_users_mistake(tmp_path):
    file = tmp_path / "seen"
    file.write_bytes(b'a1\n{"id": 3}\n')
    with pytest.raises(UserError, match="line 2"):
        ids_in(str(file))


def test_the_rejects_file_lists_lines_and_reasons_and_holds_no_text(tmp_path):
    file = tmp_path / "rejects"
    with Rejects(file) as rejects:
        rejects.add(3, "is no JSON")
        rejects.add(9, "has no comment_id")
    assert [msgspec.json.decode(line) for line in file.read_bytes().splitlines()] == [
        {"line": 3, "reason": "is no JSON"},
        {"line": 9, "reason": "has no comment_id"},
    ]


def test_a_rejects_file_that_cannot_be_written_is_told_before_any_row_is_read(tmp_path):
    with pytest.raises(UserError, match="rejected rows cannot be written there"), Rejects(tmp_path / "no" / "rejects"):
        pytest.fail("a row would be sent")


def test_a_clean_run_removes_the_rejects_of_an_earlier_one_and_a_broken_one_keeps_them(tmp_path):
    file = tmp_path / "rejects"
    file.write_text("old")
    with pytest.raises(ValueError, match="broken"), Rejects(file):
        raise ValueError("broken")
    assert file.read_text() == "old"
    with Rejects(file):
        pass
    assert not file.exists()
