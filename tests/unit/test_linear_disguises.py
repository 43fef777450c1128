"""What a text is without its disguises."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scorers.disguises import normalised, text_of_html, undisguised


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Two\n\twords ", "two words"),
        ("see https://x.example/a?b=c now", "see _url_ now"),
        ("@Ann_B you, and me@home", "@user you, and me@home"),
        ("it’s &quot;fine&quot; &amp; good…", 'it\'s "fine" & good...'),
        ("a\u200bb\u202ec", "abc"),
    ],
)
def test_normalised_is_lower_case_with_links_and_names_masked(text, expected) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1d10t", "idiot"),
        ("what an a$$", "what an ass"),
        ("the 1st of 20k at 10am, 4th row", "the 1st of 20k at 10am, 4th row"),
        ("in 2024 for 100%", "in 2024 for 100%"),
        ("y o u  a r e  r u d e", "you are rude"),
        ("i  d  i  o  t", "idiot"),
        ("r-u-d-e and r.u.d.e", "rude and rude"),
        ("plan a or b", "plan a or b"),
        ("soooo baaaad", "so bad"),
        ("wellllll, asssss", "well, ass"),
        ("<b>ru</b>de <script>x()</script>", "rude"),
        ("один два", "один два"),
        ("ехсuѕе", "excuse"),
        ("café naïve", "cafe naive"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
    ],
)
def test_undisguised_reads_what_a_person_would(text, plain) -> None:
    assert undisguised(text) == plain


@given(st.text(max_size=200))
def test_both_readings_are_ready_to_be_hashed(text) -> None:
    for reading in (normalised(text), undisguised(text)):
        assert reading == " ".join(reading.split())


@given(st.text(alphabet="abeost lz310$!|@+&;<>/.-*~ \n\t", max_size=80) | st.text(max_size=80))
def test_a_text_already_read_as_it_stands_is_undisguised_alike(text) -> None:
    assert undisguised(text, normalised(text)) == undisguised(text)


@given(st.text(alphabet="<>/abdiv bp!-&;\"'=\n", max_size=300))
def test_no_mark_up_is_too_broken(text) -> None:
    assert isinstance(text_of_html(text), str)


def test_blocks_are_apart_and_letters_of_a_word_together() -> None:
    assert text_of_html("<p>One</p><p>t<i>w</i>o</p>three<br>four").split() == ["One", "two", "three", "four"]


FLOODS = [
    "<div>",
    "<",
    "<a ",
    "<!--",
    "a\u0301\u0323",
    "\u05d0\u05b0\u05b4",
    "@",
    "@a ",
    "www.",
    "&amp;",
    "&#",
    "a ",
    "a.",
    "a1",
    "aaa ",
    "  a",
    "\ufdfa",
]


@pytest.mark.parametrize("flood", FLOODS)
def test_time_grows_with_the_length_and_not_with_its_square(flood) -> None:
    small, large = (flood * (size // len(flood)) for size in (8_000, 64_000))
    # A quadratic reading takes 64 times as long; noise on a busy machine does not make 8 into 30. The floor: a clock's grain.
    assert fastest(large) < 30 * max(fastest(small), 0.001)


def fastest(text: str) -> float:
    taken = []
    for _ in range(3):
        start = time.process_time()
        undisguised(text)
        taken.append(time.process_time() - start)
    return min(taken)
