"""Sorting more than memory holds: the order is that of a sort in memory, and what is on disk is its owner's alone."""

import stat
from datetime import timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Comment
from streams.replay import sorting
from streams.replay.order import Places, arrivals, clock_of, in_order
from streams.replay.recorded import in_replays_order, placed
from streams.replay.sorting import Sorter, merged
from tests.support.builders import MINUTE, NOON, comment
from tests.support.recording import recording

ITEMS = st.lists(st.tuples(st.binary(max_size=3), st.binary(max_size=3)), max_size=40)


@pytest.fixture(autouse=True)
def _small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "RUN_ITEMS", 7)


def sorter_of(items: list[tuple[bytes, bytes]], folder: Path, name: str = "items") -> Sorter:
    sorter = Sorter(folder, name)
    for key, value in items:
        sorter.add(key, value)
    return sorter


@given(ITEMS)
def test_items_come_by_key_and_of_one_key_in_the_order_they_came(items: list[tuple[bytes, bytes]]) -> None:
    with TemporaryDirectory() as folder:
        found = sorter_of(items, Path(folder)).sorted()
        assert list(found) == list(found) == sorted(items, key=lambda item: item[0])
        assert len(found) == len(items)
        assert bool(list(Path(folder).iterdir())) is (len(items) > 7)


@given(ITEMS, ITEMS)
def test_two_that_are_sorted_merge_in_order(some: list[tuple[bytes, bytes]], others: list[tuple[bytes, bytes]]) -> None:
    with TemporaryDirectory() as folder:
        parts = [sorter_of(items, Path(folder), name).sorted() for name, items in (("a", some), ("b", others))]
        assert list(merged(parts)) == sorted([*some, *others], key=lambda item: item[0])


def test_what_is_on_disk_is_packed_and_its_owners_alone(tmp_path: Path) -> None:
    sorter_of([(bytes([n]), b"a secret" * 1000) for n in range(20)], tmp_path).sorted()
    assert stat.S_IMODE((tmp_path / "items").stat().st_mode) == 0o600
    assert 0 < (tmp_path / "items").stat().st_size < 10_000
    assert b"a secret" * 10 not in (tmp_path / "items").read_bytes()


NAMES = st.text(st.sampled_from("\0\1aé😀"), min_size=1, max_size=3)
SAID = st.tuples(NAMES, NAMES, st.integers(-3, 3), st.one_of(st.none(), st.integers(-3, 3)), st.integers(-9, 9))


@given(st.lists(SAID, max_size=30), st.integers(1, 3))
def test_places_sort_as_comments_do_whatever_names_and_zones_they_have(
    said: list[tuple[str, str, int, int | None, int]], shares: int
) -> None:
    comments = [
        comment(
            name, conversation_id=talk, created_at=(NOON + created * MINUTE).astimezone(timezone(timedelta(hours=zone))),
            ingested_at=None if arrived is None else NOON + arrived * MINUTE,
        )
        for name, talk, created, arrived, zone in said
    ]  # fmt: skip
    ordered = in_order(comments)
    places = Places()
    assert [one for _, one in sorted([(places.key(one), one) for one in comments], key=lambda pair: pair[0])] == ordered
    with TemporaryDirectory() as folder:
        recorded = in_replays_order(comments, attested=True, folder=Path(folder), shares=shares)
        assert [one for _, one in placed(recorded.shares)] == list(arrivals(ordered))
        assert list(recorded.first(3).comments) == ordered[:3]


def test_a_recording_on_disk_is_what_it_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    comments = recording().comments()
    on_disk = in_replays_order(comments, attested=False, folder=tmp_path)
    in_memory = in_replays_order(comments, attested=False)
    lines = [[msgspec.json.encode(one) for one in found.comments] for found in (on_disk, in_memory)]
    assert lines[0] == lines[1] == [msgspec.json.encode(one) for one in in_order(comments)]
    assert len(on_disk.comments) == len(comments) == on_disk.count
    assert (on_disk.until, on_disk.digest, on_disk.ends_at) == (in_memory.until, in_memory.digest, in_memory.ends_at)
    assert on_disk.ends_at == max(map(_clock, comments)) == clock_of(on_disk.last)


def _clock(one: Comment) -> object:
    return one.ingested_at or one.created_at
