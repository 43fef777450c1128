"""What a text is without its disguises, what was undone, and where it stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scorers.disguises import Disguise, latin, normalised, own_words, text_of_html, undisguised, undone
from streams.scorers.disguises.reading import hides_something
from streams.scorers.disguises.words import suspects

ANY_TEXT = st.text(alphabet="abeost lz310$!|@+&;<>/.-*~ \n\t\u200b\u0301\u202e\u202cѕе[]=quot", max_size=80) | st.text(max_size=80)


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
    ("disguise", "text", "plain"),
    [
        (Disguise.QUOTATION, "> you idiot\nno need for that", "no need for that"),
        (Disguise.QUOTATION, "[quote=ann]you [quote]idiot[/quote][/quote] calm down", "calm down"),
        (Disguise.QUOTATION, "<blockquote>you idiot</blockquote>calm down", "calm down"),
        (Disguise.MARK_UP, "an id<b>iot</b>", "an idiot"),
        (Disguise.MARK_UP, "an id<!-- x > y -->iot", "an idiot"),
        (Disguise.MARK_UP, "an &#105;d&#x69;&#0000111;t", "an idiot"),
        (Disguise.MARK_UP, "rude <script>if (a < b) x()</script>man", "rude man"),
        (Disguise.REVERSED, "an \u202etoidi\u202c here", "an idiot here"),
        (Disguise.INVISIBLE, "an i\u200bd\u2060i\u00ado\U000e0020t", "an idiot"),
        (Disguise.MARKS, "i\u0335\u0321d\u0300\u0301\u0302i\u0338ot", "idiot"),
        (Disguise.MARKS, "i\u05b4\u05b0diot", "idiot"),
        (Disguise.LOOK_ALIKES, "an іdіоt", "an idiot"),
        (Disguise.LOOK_ALIKES, "what an аѕѕ you are", "what an ass you are"),
        (Disguise.LOOK_ALIKES, "ｉ𝒅𝖎ⓞᴛ", "idiot"),
        (Disguise.LOOK_ALIKES, "🅸🅳🅸🅾🆃", "IDIOT"),
        (Disguise.SPACING, "you i d i o t, go", "you idiot, go"),
        (Disguise.SPACING, "y o u  a r e  r u d e", "you are rude"),
        (Disguise.SPACING, "y o u a r e a n i d i o t", "you are an idiot"),
        (Disguise.SPACING, "i  d  i  o  t", "idiot"),
        (Disguise.SPACING, "i-d-i-o-t and s.t.u.p.i.d", "idiot and stupid"),
        (Disguise.LEETSPEAK, "1d10t", "idiot"),
        (Disguise.LEETSPEAK, "an @ss and a$$", "an ass and ass"),
        (Disguise.LEETSPEAK, "(5tup!d)", "(stupid)"),
        (Disguise.MASKED, "f**k and st*pid", "fuck and stupid"),
        (Disguise.MASKED, "st-pid", "stupid"),
        (Disguise.MASKED, "f***ing", "fucking"),
        (Disguise.STRETCHED, "soooo baaaad", "so bad"),
        (Disguise.STRETCHED, "wellllll, asssss, cooool", "well, ass, cool"),
    ],
)
def test_a_disguise_is_undone_and_named(disguise, text, plain) -> None:
    found = undone(text)
    assert " ".join(found.text.split()) == plain
    assert found.disguises == (disguise,)


def test_several_disguises_are_named_in_the_order_of_the_set() -> None:
    found = undone("id<b>i</b>ot 1d10t іdіоt f**k")
    assert found.text == "idiot idiot idiot fuck"
    assert found.disguises == (Disguise.MARK_UP, Disguise.LOOK_ALIKES, Disguise.MASKED, Disguise.LEETSPEAK)


@pytest.mark.parametrize(
    "text",
    [
        "the 1st of 20k at 10am, 4th row, in 2024 for 100%",
        "plan a or b, x y",
        "re-use, co-operate, state-of-the-art",
        "C++ and CO2 and Win95 and mp3",
        "chapters III and XVIII on www.example.org",
        "@user and mail@example.org and https://x.example/1d10t",
        "**bold** and _so_ on",
        "5 < 6 and 7 > 3, >:( and >_<",
        "std::vector<int> a; #include <stdio.h>",
        "один два и ещё сто сорок: сосна растёт",
        "ανα δύο το πρωί",
        "שָׁלוֹם לכולם",
        "مرحبا بالعالم",
        "नमस्ते दुनिया",
        "これはテストです",
        "👩‍👩‍👧 ❤️ 1️⃣",
        "Καλημέρα σε όλους",
    ],
)
def test_what_hides_nothing_stays(text) -> None:
    assert undone(text).disguises == ()
    assert normalised(undisguised(text)) == normalised(text)


def test_accents_are_folded_and_no_disguise() -> None:
    assert undone("café naïve Łódź").text == "cafe naive Lodz"
    assert undone("café naïve Łódź").disguises == ()


@pytest.mark.parametrize("text", ["> you idiot", "[quote]you idiot[/quote]", "<blockquote>you idiot</blockquote>", "> a\n>> b"])
def test_nothing_but_a_quotation_is_scored_as_it_stands(text) -> None:
    assert own_words(text) == text
    assert Disguise.QUOTATION not in undone(text).disguises


@pytest.mark.parametrize("text", ["[quote]you idiot", "[/quote] you idiot", "</blockquote>you idiot", "a > b, you idiot", ">:( you idiot"])
def test_what_is_never_closed_quotes_nobody(text) -> None:
    assert "you idiot" in own_words(text)


def test_a_place_in_the_undone_text_is_found_in_the_original() -> None:
    original = "> calm\nYou &#105;d<b>i</b>o\u200bt, f**k it"
    found = undone(original)
    for word, hidden in (("idiot", "&#105;d<b>i</b>o\u200bt"), ("fuck", "f**k"), ("You", "You")):
        start = found.text.index(word)
        assert original[found.place(start, start + len(word))] == hidden


@given(ANY_TEXT)
def test_origins_are_in_order_and_one_more_than_characters(text) -> None:
    found = undone(text)
    assert len(found.origin) == len(found.text) + 1
    assert list(found.origin) == sorted(found.origin)
    assert found.origin[-1] == len(text)


@given(ANY_TEXT)
def test_with_origins_and_without_the_same_is_undone(text) -> None:
    assert undone(text).text == undisguised(own_words(text))


@given(ANY_TEXT)
def test_both_readings_are_ready_to_be_hashed(text) -> None:
    for reading in (normalised(text), normalised(undisguised(text))):
        assert reading == " ".join(reading.split())


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=60).filter(lambda text: "  " not in text))
def test_a_text_that_is_bare_is_given_back_itself(text) -> None:
    if not undone(text).disguises:
        assert undisguised(text) is text


@given(st.text(alphabet="abisxAS0135@$!|€£+*#_-.?%&^~/,'é\u212a", min_size=1, max_size=7))
def test_a_word_that_is_not_suspected_is_not_in_disguise(word) -> None:
    assert suspects(word) or not hides_something(word)


@given(st.text(alphabet="<>/abdiv bp!-&;\"'=\n", max_size=300))
def test_no_mark_up_is_too_broken(text) -> None:
    assert isinstance(text_of_html(text), str)
    assert isinstance(undisguised(text), str)


def test_blocks_are_apart_and_letters_of_a_word_together() -> None:
    assert text_of_html("<p>One</p><p>t<i>w</i>o</p>three<br>four").split() == ["One", "two", "three", "four"]


def test_a_word_that_mixes_scripts_is_latin_and_a_foreign_one_is_not() -> None:
    assert (latin("ехсuѕе"), latin("сосна"), latin("plain")) == ("excuse", "сосна", "plain")
