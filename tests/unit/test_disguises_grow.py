"""Hostile input: the work grows with the length of a text, not with its square."""

import sys
import time
from collections.abc import Callable

import pytest

from streams.scorers.disguises import own_words, undisguised, undone

FLOODS = [
    *("<div>", "<", "<a ", "<!--", "<!-- -->", "<script>", "</b", "&amp;", "&#", "&#105;"),
    *("> a\n", ">", "&gt;", "[quote]", "[/quote]", "[quote]a[/quote]", "[quote", "<blockquote>", "</blockquote>"),
    *("a\u0301\u0323", "\u05d0\u05b0\u05b4", "\u0301", "\ufdfa", "\u202ea", "\u202ea\u202c", "\u200b", "а", "а b", "ｉ", "😀\u200d"),
    *("@", "@1", "@a ", "www.", "f**k ", "f*", "*", "1", "a1", "$a", "|3", "aaa ", "aa"),
    *("a ", "a  ", "  a", "a.", "a. ", "-a", "a-b-c ", "i d i o t, ", "\n", "a\n"),
]
SHORT, LONG = 8_000, 64_000


@pytest.mark.parametrize("read", [undisguised, undone, own_words])
@pytest.mark.parametrize("flood", FLOODS)
def test_time_grows_with_the_length_and_not_with_its_square(flood, read) -> None:
    short, long = (flood * (size // len(flood)) for size in (SHORT, LONG))
    # A quadratic reading takes 64 times as long; noise on a busy machine does not make 8 into 30. The floor: a clock's grain.
    assert fastest(read, long) < 30 * max(fastest(read, short), 0.002)


def fastest(read: Callable[[str], object], text: str) -> float:
    taken = []
    for _ in range(3):
        start = time.process_time()
        read(text)
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize(
    "text", ["\u0301" * 500_000, "a" + "\u0301" * 500_000, "[quote]" * 100_000 + "a" + "[/quote]" * 100_000, "> " * 100_000 + "a",
             "".join(">" * depth + "\n" for depth in range(700)), "<blockquote>" * 100_000, "i " * 250_000, "f*" * 250_000],
    ids=["marks", "marks on a letter", "quote tags", "quotes", "deeper and deeper", "blockquotes", "letters", "stars"],
)  # fmt: skip
def test_a_megabyte_is_read_with_few_steps_of_its_own_per_character(text) -> None:
    assert calls(undone, text) < 30 * len(text) + 100_000


def calls(read: Callable[[str], object], text: str) -> int:
    """Return how often Python code was entered or left: what a machine's speed does not change."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        read(text)
    finally:
        sys.setprofile(None)
    return count
