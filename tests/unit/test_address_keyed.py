"""State of address is matched with texts and cannot be read: names and words stand there as keyed hashes alone."""

from typing import Any
from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import Effects, fold, load
from streams.stages.address import Address
from streams.stages.conversation import Entry
from streams.stages.hearing import hear
from streams.stages.keyed import MARK_BYTES, MARKS, Keyed
from streams.stages.names import folded, name_keys
from streams.stages.step import Arrived
from streams.topology import Config, topology
from tests.support.builders import HOSTILE, MINUTE, NOON, arrived, edited, scored
from tests.support.texts import BySwearing

WORDS = "The harbour master counted seventeen yellow umbrellas before breakfast."
NAMES = {"u1": "Ann Marlow", "u2": "Roberta Underhill", "u3": "Al Green", "u4": None}


def said(n: int, author: str | None, text: str, **fields: Any) -> Arrived:
    name = NAMES.get(author or "")
    return arrived(scored(f"c{n}", HOSTILE, author_id=author, author_name=name, text=text, created_at=NOON + n * MINUTE, **fields))


TALK = [
    said(0, "u1", WORDS),
    said(1, "u2", "Nobody asked for green paint on the old bridge."),
    said(2, "u3", "@Ann Marlow you are an idiot."),
    said(3, "u4", "> harbour master counted seventeen yellow umbrellas\nYou clown."),
    said(4, "u1", "Look Underhill, you know nothing."),
    said(5, "u2", "Al Green is a fool."),
    said(6, "u3", "@u4 shut up."),
    said(7, "u1", "I meant Rubarta, not you."),
    said(8, None, "seventeen yellow umbrellas, really?"),
]


def run(key: bytes, records: list[Arrived] = TALK) -> Effects:
    stage = Address(None, key)
    effects = Effects()
    fold(stage, records, stage.new_store(), effects)
    return effects


def state(key: bytes) -> bytes:
    return b"\n".join(value for value in run(key).entries.values() if value is not None)


def test_no_name_and_no_word_stands_in_state() -> None:
    found = state(b"a key").lower()
    for name in filter(None, NAMES.values()):
        assert not any(part.encode() in found for part in name.lower().split() if len(part) > 2)
    assert not any(word.encode() in found for word in WORDS.lower().strip(".").split() if len(word) > 3)


def test_who_guesses_two_words_or_a_name_cannot_test_the_guess_without_the_key() -> None:
    entry = msgspec.json.decode(run(b"a key").entries[b'["news","sport","talk","c0"]'] or b"", type=Entry)
    guessed = [crc32(pair.encode()).to_bytes(MARK_BYTES) for pair in ("harbour master", "seventeen yellow", "yellow umbrellas")]
    assert len(entry.said) >= 3 * MARK_BYTES
    assert not any(mark in entry.said for mark in guessed)
    other = Keyed(b"another key")
    assert not set(entry.called) & set(other.names_of("Ann Marlow"))
    assert not any(mark in entry.said for mark in other.needles(hear(WORDS).said))
    assert entry.called == Keyed(b"a key").names_of("Ann Marlow")


def test_the_key_decides_nothing_and_the_same_key_gives_the_same_bytes() -> None:
    one, other = run(b"one"), run(b"other")
    assert one.sends == other.sends
    assert one.outcomes == other.outcomes
    assert one.entries != other.entries
    assert one.entries == run(b"one").entries


def test_names_parts_misspellings_and_quotations_are_still_known() -> None:
    aimed = {(sent.comment_id, sent.target_id, str(sent.kind)) for sent in run(b"a key").outputs}
    assert {
        ("c2", "u1", "leading_mention"), ("c3", "u1", "quote"), ("c4", "u2", "name"), ("c5", "u3", "name"), ("c6", "u4", "leading_mention"),
    } <= aimed  # fmt: skip


def as_version_1(value: bytes, texts: dict[int, str]) -> bytes:
    """Return an entry as the first version wrote it: the name in clear, and hashes of words without a key."""
    entry = msgspec.json.decode(value)
    entry.pop("called", None)
    entry.pop("said", None)
    if name := NAMES.get(entry.get("author", "")):
        entry["name"] = name
    marks = sorted(hear(texts[entry["n"]]).said)[:MARKS]
    entry["marks"] = msgspec.json.decode(msgspec.json.encode(b"".join(mark.to_bytes(MARK_BYTES) for mark in marks)))
    return msgspec.json.encode(entry)


@pytest.mark.parametrize("cut", range(1, len(TALK)))
def test_entries_of_the_version_before_are_read_and_go_on_as_if_this_one_had_made_them(cut: int) -> None:
    texts = {n: one.record.comment.text or "" for n, one in enumerate(TALK)}
    entries = run(b"a key", TALK[:cut]).entries
    old = {key: as_version_1(value, texts) for key, value in entries.items() if value is not None}
    stage = Address(None, b"a key")
    now, then = load(stage, entries.items()), load(stage, old.items())
    results = []
    for store in (now, then):
        effects = Effects()
        fold(stage, TALK[cut:], store, effects)
        results.append((effects.sends, effects.entries, effects.outcomes, effects.notes))
    assert results[0] == results[1]


def test_an_edit_without_a_name_keeps_what_its_author_is_called() -> None:
    first = scored("c0", author_id="u1", author_name="Ann Marlow", text="Hello.")
    change = msgspec.structs.replace(edited(first.comment, "Hello again.", NOON + MINUTE), author_name=None)
    later = said(3, "u2", "@Ann you clown.")
    outputs = run(b"a key", [arrived(first), arrived(msgspec.structs.replace(first, comment=change)), later]).outputs
    assert [(sent.target_id, str(sent.kind)) for sent in outputs] == [("u1", "leading_mention")]


@given(st.text(max_size=60))
def test_what_somebody_is_called_is_hashed_name_by_name(name: str) -> None:
    keyed = Keyed(b"a key")
    whole, parts, bones = name_keys(name)
    wanted = {*parts, *("~" + one for one in bones), *({"=" + whole} if whole else ())}
    assert keyed.names_of(name) == tuple(sorted({keyed.name(one) for one in wanted}))
    assert folded(name[:128]) == whole


def test_a_worker_with_another_key_sees_that_its_state_was_made_with_other_settings() -> None:
    one, other = Config(installation_key=b"one"), Config(installation_key=b"other")
    assert one.of("address") != other.of("address")
    assert b"one" not in msgspec.json.encode(one.of("address"))
    stores: list[Any] = [topology(BySwearing(), config)[1].new_store() for config in (one, other)]
    assert stores[0].keyed.name("=ann") != stores[1].keyed.name("=ann")
