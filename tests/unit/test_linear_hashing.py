"""Hashed n-grams: the vectorised counts are those of the plain definition, text by text."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scorers.hashing import CHAR_BITS, WORD_BITS, Counts, counted

MASK = (1 << 64) - 1
BASE, FINISH, PAIR = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F
TEXTS = st.lists(st.lists(st.text(alphabet="abé😀.!", min_size=1, max_size=9), max_size=6).map(" ".join), max_size=6)


def bucket(value: int, bits: int) -> int:
    return (((value ^ (value >> 32)) * FINISH) & MASK) >> (64 - bits)


def characters(text: str) -> Counter[int]:
    """2- to 5-grams of ``" text "`` with no space but at their ends."""
    found: Counter[int] = Counter()
    padded = f" {text} "
    for length in range(2, 6):
        for start in range(len(padded) - length + 1):
            gram = padded[start : start + length]
            if " " in gram[1:-1] or not gram.strip():
                continue
            value = 0
            for sign in gram:
                value = (value * BASE + ord(sign) + 1) & MASK
            found[bucket((value + length) & MASK, CHAR_BITS)] += 1
    return found


def words(text: str) -> Counter[int]:
    """Runs of letters, and two that follow each other."""
    runs = "".join(sign if sign.isalnum() or sign == "😀" else " " for sign in text).split()
    values = [sum((ord(sign) + 1) * pow(BASE, place + 1, 1 << 64) for place, sign in enumerate(run)) & MASK for run in runs]
    pairs = [(one * PAIR + two) & MASK for one, two in pairwise(values)]
    return Counter(bucket(value, WORD_BITS) for value in values + pairs)


def of(counts: Counts, text: int) -> dict[int, int]:
    mine = counts.text == text
    return dict(zip(counts.bucket[mine].tolist(), counts.count[mine].tolist(), strict=True))


@given(TEXTS)
def test_counts_are_those_of_the_definition(texts) -> None:
    char, word = counted(texts)
    for number, text in enumerate(texts):
        assert of(char, number) == characters(text)
        assert of(word, number) == words(text)


@given(TEXTS)
def test_entries_are_ordered_by_text_and_bucket(texts) -> None:
    for counts in counted(texts):
        keys = counts.text * (1 << 20) + counts.bucket
        assert (np.diff(keys) > 0).all()


@pytest.mark.parametrize("texts", [[], [""], ["", "", ""]])
def test_nothing_gives_nothing(texts) -> None:
    assert [len(counts.text) for counts in counted(texts)] == [0, 0]
