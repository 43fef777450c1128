"""A comment taken apart in a few passes is what it is word by word, and phrases in a tree are what they are in a list."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from streams.stages.conversation import Conversation, Entry
from streams.stages.hearing import hear
from streams.stages.hostility import MAX_ATTACK, cues
from streams.stages.keyed import Keyed
from streams.stages.lexicon import ATTACKS, FILLERS, NEGATED, OPENERS, SPELLINGS, STOPWORDS, Phrases
from streams.stages.quotes import hashes
from tests.support.builders import NOON

TOKEN = re.compile(r"[^\W_]+|[.!?;\n,:@]")
texts = st.lists(st.sampled_from([*"aZ.!?;\n,:@_ -é—’İΣß\u0301\u200b😀1", " You ", "Ann is"]), max_size=40).map("".join) | st.text(
    max_size=60
)


def word_by_word(text: str) -> Iterator[tuple[tuple[str, ...], str, str, int]]:
    """Yield each clause: its words, the marks before and after, its sentence."""
    words: list[str] = []
    before, sentence, here = "", 0, 0
    for token in [*TOKEN.findall(text), ""]:
        if token and token not in ".!?;\n,:@":
            words.append(token)
            continue
        if words:
            yield tuple(words), before, token, sentence
            here, words = here + 1, []
        before = token
        if here and token and token in ".!?;\n":
            sentence, here = sentence + 1, 0


@given(texts)
def test_clauses_are_those_of_a_reading_word_by_word(text: str) -> None:
    heard = hear(text)
    assert [(one.words, one.before, one.after, one.sentence) for one in heard.clauses] == list(word_by_word(heard.text))


@given(texts)
def test_sentences_are_the_words_of_their_clauses_in_lower_case(text: str) -> None:
    heard = hear(text)
    whole: dict[int, list[str]] = {}
    for words, _, _, sentence in word_by_word(heard.text):
        whole.setdefault(sentence, []).extend(word.lower() for word in words)
    assert heard.sentences == list(whole.values())
    assert len(heard.subjects) == len(heard.sentences)


def phrases_of(tree: Phrases, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield every phrase with its weight."""
    if tree.weight:
        yield before, tree.weight
    for word, longer in tree.then.items():
        yield from phrases_of(longer, (*before, word))


PHRASES = dict(phrases_of(ATTACKS))
PLAIN = sorted({word for phrase in PHRASES for word in phrase} - FILLERS - {*SPELLINGS, "not", *NEGATED})
said = st.lists(st.sampled_from(sorted(PHRASES)) | st.sampled_from(PLAIN).map(lambda word: (word,)), max_size=5)


def longest(words: Sequence[str]) -> float:
    """Return the weight of the longest phrase that the words begin with."""
    return next((PHRASES[tuple(words[:most])] for most in range(len(words), 0, -1) if tuple(words[:most]) in PHRASES), 0.0)


@given(said)
def test_an_attack_weighs_what_the_longest_phrases_at_its_words_weigh(parts: list[tuple[str, ...]]) -> None:
    words = [word for part in parts for word in part if word in PLAIN]
    weight = OPENERS.get(words[0], 0.0) if words else 0.0
    for here in range(len(words)):
        weight += longest(words[here:])
    assert cues([words]).attack == min(weight, MAX_ATTACK)


people = st.sampled_from([(None, None), ("u1", "Ann Lee"), ("u1", "Ann"), ("u2", "Ann Lee"), ("ann", None), ("u3", "Lee")])


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | people), max_size=20))
def test_who_is_known_by_a_name_depends_on_the_comments_that_are_left(
    steps: list[tuple[int, tuple[str | None, str | None] | None]],
) -> None:
    keyed = Keyed(b"key")
    talk, left = Conversation(keyed), dict[str, Entry]()
    for n, person in steps:
        entry = None if person is None else Entry(n=n, at=NOON, seen=NOON, author=person[0], called=keyed.names_of(person[1]))
        talk.apply(f"c{n}", entry)
        left.pop(f"c{n}", None)
        if entry is not None:
            left[f"c{n}"] = entry
    again = Conversation(keyed)
    for comment_id, entry in left.items():
        again.apply(comment_id, entry)
    for name in ("=annlee", "=ann", "ann", "lee", "=lee", "=u1", "=u2"):
        assert talk.named(name) == again.named(name)
    assert talk.names.keys() == again.names.keys()


@given(st.lists(st.sampled_from(["you", "a", "é", "idiot", "harbour", "1", "42", "the", "straße"]), max_size=12))
def test_hashes_are_of_two_words_that_mean_something_side_by_side(words: list[str]) -> None:
    means = [word not in STOPWORDS and len(word) > 1 for word in words]
    pairs = [pair for pair, both in zip(pairwise(words), pairwise(means), strict=True) if all(both)]
    assert hashes(words) == {crc32(" ".join(pair).encode()) for pair in pairs}


@given(texts)
def test_the_opening_is_the_first_three_clauses(text: str) -> None:
    assert list(hear(text).opening) == list(hear(text).clauses[:3])
