"""The console's read model: rows and offsets together, what is deleted is gone to the last byte, what cannot be used says so."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.console.numbers import Numbers
from streams.console.schema import VERSION, Unusable
from streams.console.store import Store
from streams.console.taking import MAX_TEXT
from streams.console.texts import Opened, Span
from streams.errors import UserError
from streams.records import Action, DeletedBy, Judgement, ScoredComment, Severity, Status
from tests.support.builders import HOUR, MINUTE, NOON, comment, deleted, edited, pileon, reply, scored, verdict
from tests.support.reading import NOON_MS, asked, said, store_of, taken

COMMENTS = "state, length, person IS NULL, toxicity"


def again(comment_record, toxicity: float = 0.2) -> ScoredComment:
    return ScoredComment(comment=comment_record, toxicity=toxicity, scorer="test@1")


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path


def test_a_batch_and_how_far_it_was_read_stand_together(folder):
    store = store_of(folder, scored=[scored("c1"), scored("c2")], replies=[reply()])
    store.close()
    again_opened = Store(folder / "console.db", "")
    assert again_opened.offsets() == {("comments.scored", 0): 2, ("replies", 0): 1}
    again_opened.close()


def test_a_batch_that_fails_leaves_neither_rows_nor_offsets(folder):
    store = store_of(folder)
    batch = taken(scored=[scored("c1")], feedback=[verdict()])
    batch.verdicts.append(("too", "short"))
    with pytest.raises(sqlite3.ProgrammingError):
        store.apply(batch)
    assert store.offsets() == {} and said(store.file) == []
    store.apply(taken(scored=[scored("c1")]))
    assert store.offsets() == {("comments.scored", 0): 1}
    store.close()


HISTORY = [
    scored("c1", text="first words"),
    again(edited(comment("c1", text="first words"), "second words", NOON + MINUTE), 0.4),
    again(edited(comment("c1", text="first words"), "third words", NOON + 2 * MINUTE), 0.6),
    scored("c2", 0.7, text="other words"),
    again(deleted(comment("c2"), NOON + MINUTE, deleted_by=DeletedBy.MODERATOR), 0.0),
    again(edited(comment("c2"), "words after the end", NOON + HOUR)),
]


@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_order_and_repetition_change_no_row(tmp_path_factory, order, repeated):
    store = store_of(tmp_path_factory.mktemp("model"))
    for record in [*order, *repeated]:
        store.apply(taken(scored=[record]))
    rows = said(store.file, "state, toxicity")
    left = bytes_of(store.file.parent)
    store.close()
    assert rows == [(1, 0.6, "third words", ""), (3, None, "", "")]
    assert b"first words" not in left and b"second words" not in left and b"other words" not in left and b"after the end" not in left


def test_a_comment_that_was_deleted_does_not_come_back(folder):
    store = store_of(folder, scored=[again(deleted(comment("c1"), NOON)), scored("c1", text="words"),
                                     again(edited(comment("c1"), "more words", NOON + HOUR))])  # fmt: skip
    assert said(store.file, COMMENTS) == [(2, 0, 1, None, "", "")]
    store.close()


def words(number: int) -> str:
    return f"quartz-{number:05d}-velvet " * (1 + number % 70)


@pytest.mark.parametrize(("many", "key"), [(3, b"a"), (3000, b"a"), *((300, bytes([n])) for n in range(12))])
def test_of_deleted_edited_and_old_text_no_byte_is_left(folder, many: int, key: bytes):
    """Under many keys, since rows lie in the order of keyed numbers: what a database leaves behind depends on that."""
    numbers, url, who = Numbers(key), "https://news.example/hidden-lane/{}", "nightjar-{}"
    written = [comment(f"c{n}", text=words(n), url=url.format(n), author_id=who.format(n), author_name=who.format(n))
               for n in range(many)]  # fmt: skip
    store = store_of(folder)
    today = NOON_MS + 10 * 86_400_000
    for third, at_ms in enumerate((today, today, NOON_MS)):
        some = [again(each) for each in written[third::3]]
        store.apply(taken(scored=some, start=third * many, numbers=numbers, at_ms=at_ms))
    assert b"quartz-00001" in bytes_of(folder) and b"hidden-lane" in bytes_of(folder)
    gone = [again(deleted(each, NOON + HOUR)) for each in written[::3]]
    changed = [again(edited(each, "plain", NOON + HOUR, url=None)) for each in written[1::3]]
    store.apply(taken(scored=[*gone, *changed], start=9 * many, numbers=numbers, at_ms=today))
    assert store.sweep(NOON + timedelta(days=10), timedelta(days=9)) == many // 3
    left = bytes_of(folder)
    assert b"quartz" not in left and b"velvet" not in left and b"hidden-lane" not in left
    assert b"nightjar" not in left, "author ids stand nowhere, only keyed numbers"
    assert sorted({row[1] for row in said(store.file)}) == ["", "plain"]
    store.close()


def test_of_a_day_that_is_past_its_term_in_part_only_that_part_goes(folder):
    store = store_of(folder, scored=[scored("c1", text="quartz")])
    store.apply(taken(scored=[scored("c2", text="kept words")], start=1, at_ms=NOON_MS + 3_600_000))
    assert store.sweep(NOON + timedelta(days=30, minutes=30), timedelta(days=30)) == 1
    assert b"quartz" not in bytes_of(folder) and [row[1] for row in said(store.file)] == ["kept words"]
    store.close()


def test_a_comment_that_comes_twice_leaves_no_second_text(folder):
    store = store_of(folder, scored=[scored("c1", text="quartz"), scored("c1", text="quartz again")])
    store.apply(taken(scored=[scored("c1", text="quartz once more")], start=2))
    store.apply(taken(scored=[again(deleted(comment("c1"), NOON))], start=3))
    assert b"quartz" not in bytes_of(folder)
    store.close()


def test_written_edited_and_deleted_in_one_batch_leaves_nothing(folder):
    made = comment("c1", text="quartz")
    store = store_of(folder, scored=[again(made), again(edited(made, "quartz too", NOON + MINUTE)), again(deleted(made, NOON + HOUR))])
    assert said(store.file) == [(2, "", "")] and b"quartz" not in bytes_of(folder)
    store.close()


@pytest.mark.parametrize("goes_on", [True, False])
def test_text_of_a_batch_that_was_not_taken_in_is_cut_off(folder, goes_on: bool):
    store = store_of(folder, scored=[scored("c1", text="kept words")])
    batch = taken(scored=[scored("c2", text="a word, then quartz")], start=1)
    batch.verdicts.append(("too", "short"))
    with pytest.raises(sqlite3.ProgrammingError):
        store.apply(batch)
    if goes_on:
        store.apply(taken(scored=[scored("c3", text="w")], start=1))
    else:
        store.close()
        store = Store(folder / "console.db", "")
    assert b"quartz" not in bytes_of(folder)
    store.apply(taken(scored=[scored("c2", text="other words"), scored("c3", text="w")], start=1))
    assert sorted(row[1] for row in said(store.file)) == ["kept words", "other words", "w"]
    store.close()


def test_text_past_its_term_is_not_taken_in_at_all(folder):
    store = store_of(folder, scored=[scored("c1", text="quartz")], since=NOON_MS + 1)
    assert said(store.file) == [] and store.offsets() == {("comments.scored", 0): 1}
    store.close()


def test_what_holds_no_text_goes_400_days_after_it_arrived_however_old_it_tells_it_is(folder):
    long_ago = {"opened_at": NOON - timedelta(days=900), "updated_at": NOON - timedelta(days=900)}
    store = store_of(folder, pileons=[pileon(**long_ago)], replies=[reply("bob", NOON - timedelta(days=900))], feedback=[verdict()])
    tables = ("pileons", "replies", "verdicts", "transitions")
    for days, left in ((399, 1), (401, 0)):
        store.sweep_numbers(NOON + timedelta(days=days))
        assert [asked(store.file, f"SELECT count(*) FROM {table}")[0][0] for table in tables] == [left] * 4
    store.close()


def test_a_reader_who_stays_sees_nothing_of_what_is_deleted_meanwhile(folder):
    store = store_of(folder, scored=[scored("c1", text="quartz")])
    reader = sqlite3.connect(f"file:{store.file}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    span = Span(*reader.execute("SELECT day, place, size FROM comments").fetchone())
    store.apply(taken(scored=[again(deleted(comment("c1"), NOON))], start=1))
    with Opened(store.file) as texts:
        assert texts.read(span) is None
    assert b"quartz" not in bytes_of(folder)
    reader.close()
    store.close()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a" * 1_000_000, "a" * MAX_TEXT),
        ("nul \0 sign", "nul \0 sign"),
        ("", ""),
    ],
)
def test_odd_texts_are_kept_as_text(folder, text: str, kept: str):
    store = store_of(folder, scored=[scored("c1", text=text)])
    assert said(store.file, "length") == [(len(text), kept, "")]
    store.close()


def test_html_is_kept_without_its_markup(folder):
    record = scored("c1", text='<p>Nice &amp; calm</p><img src="https://spy.example/x.png">', text_format="html")
    store = store_of(folder, scored=[record])
    assert "<" not in said(store.file)[0][1]
    store.close()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://a\u202eb", "//x", "https://" + "a" * 3000, " https://x"]
)
def test_an_address_that_leads_nowhere_good_is_not_kept(folder, url: str):
    store = store_of(folder, scored=[scored("c1", url=url)])
    assert said(store.file)[0][2] == ""
    store.close()


def test_unreadable_messages_are_counted_and_passed(folder):
    batch = taken(scored=[b"{", scored("c1"), b"\xff" * 100, b"[" * 100_000])
    assert batch.unreadable == 3 and batch.offsets == {("comments.scored", 0): 4} and len(batch.written) == 1


def test_the_newest_revision_of_a_case_stands_and_all_transitions_are_kept(folder):
    store = store_of(folder, pileons=[pileon(revision=2, status=Status.ONGOING, severity=Severity.CRITICAL, hostile_authors=9), pileon()])
    assert asked(store.file, "SELECT revision, severity, hostile_authors FROM pileons") == [(2, "critical", 9)]
    assert asked(store.file, "SELECT revision FROM transitions ORDER BY 1") == [(1,), (2,)]
    store.close()


def test_two_verdicts_that_differ_are_both_kept(folder):
    store = store_of(folder, pileons=[pileon()], feedback=[verdict(), verdict(Judgement.NOT_ONE, judge="other"), verdict()])
    assert asked(store.file, "SELECT judge, judgement FROM verdicts ORDER BY 1") == [("mod", "pile_on"), ("other", "not_one")]
    store.close()


def test_a_reply_its_author_takes_back_is_gone_and_one_that_a_moderator_removes_stays(folder):
    back = reply("bob", comment_id="r1", action=Action.DELETED, deleted_by=DeletedBy.AUTHOR, revision=2)
    removed = reply("eve", comment_id="r2", action=Action.DELETED, deleted_by=DeletedBy.MODERATOR, revision=2)
    store = store_of(folder, replies=[reply("bob", comment_id="r1"), reply("eve", comment_id="r2"), back, removed])
    assert asked(store.file, "SELECT revision FROM replies") == [(2,)]
    store.close()


def test_a_case_is_marked_as_changed_when_its_person_is_answered_or_it_is_judged(folder):
    store = store_of(folder, pileons=[pileon(), pileon("case-2", target_id="eve")])
    first = asked(store.file, "SELECT pileon_id, change FROM pileons ORDER BY 1")
    store.apply(taken(replies=[reply()]))
    assert [change - before for (_, change), (_, before) in zip(asked(store.file, "SELECT pileon_id, change FROM pileons ORDER BY 1"),
                                                                first, strict=True)] == [1, 0]  # fmt: skip
    store.apply(taken(feedback=[verdict(pileon_id="case-2")]))
    assert asked(store.file, "SELECT change FROM pileons WHERE pileon_id = 'case-2'") == [(first[1][1] + 2,)]
    store.close()


# Files that cannot be used


def test_a_file_of_another_version_says_rebuild(folder):
    store_of(folder).close()
    connection = sqlite3.connect(folder / "console.db")
    connection.execute(f"PRAGMA user_version={VERSION - 1}")
    connection.close()
    with pytest.raises(Unusable, match=rf"is of version {VERSION - 1}, this program reads {VERSION}: `threadwatch console --rebuild`"):
        Store(folder / "console.db", "")
    Store(folder / "console.db", "", rebuild=True).close()


@pytest.mark.parametrize("damage", [b"no database at all, of any kind" * 10, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_says_rebuild(folder, damage: bytes):
    (folder / "console.db").write_bytes(damage)
    with pytest.raises(Unusable, match="--rebuild"):
        Store(folder / "console.db", "")
    Store(folder / "console.db", "", rebuild=True).close()


def test_a_file_that_is_damaged_within_says_rebuild_when_that_is_met(folder):
    store = store_of(folder, scored=[scored(f"c{n}", text="words " * 50) for n in range(500)])
    store.close()
    with (folder / "console.db").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 40 * 4096)
    with pytest.raises(Unusable, match="--rebuild"):
        Store(folder / "console.db", "").apply(taken(scored=[scored(f"d{n}") for n in range(2000)]))


def test_a_file_of_other_topics_says_rebuild(folder):
    store_of(folder).close()
    with pytest.raises(Unusable, match=r"topics \*, not demo-\*"):
        Store(folder / "console.db", "demo-")


def test_a_file_whose_making_was_cut_off_is_made(folder):
    connection = sqlite3.connect(folder / "console.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert (folder / "console.db").stat().st_size > 0
    Store(folder / "console.db", "").close()
    Store(folder / "console.db", "").close()


def test_a_second_console_on_the_same_file_is_refused(folder):
    store = store_of(folder)
    with pytest.raises(UserError, match="another console"):
        Store(folder / "console.db", "")
    store.close()
    Store(folder / "console.db", "").close()


def test_rebuild_removes_nobodys_notes(folder):
    (folder / "notes.txt").write_text("dear diary")
    with pytest.raises(UserError, match="nothing was removed"):
        Store(folder / "notes.txt", "", rebuild=True)
    assert (folder / "notes.txt").read_text() == "dear diary"


def test_the_file_is_its_owners_alone(folder):
    store_of(folder).close()
    assert (folder / "console.db").stat().st_mode & 0o077 == 0
