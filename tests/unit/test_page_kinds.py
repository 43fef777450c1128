"""Invented pages of every kind are read back as well as they were: a rule that gets worse anywhere falls below a floor here."""

import pytest

from streams.sources.page import PageComment, read_page
from tests.support.page_kinds import KINDS
from tests.support.page_scores import Score, score
from tests.support.pages import BAR, FOOTER, flattened

PAGES = 12
FLOORS = {
    "names: plain": (0.996, 0.998),
    "names: nicknames": (0.994, 0.998),
    "names: handles": (0.995, 0.998),
    "names: digits": (0.978, 0.967),
    "names: emoji": (0.995, 0.998),
    "names: scripts": (0.994, 0.998),
    "names: sentences": (0.991, 0.995),
    "names: titles": (0.995, 0.998),
    "names: mixed": (0.994, 0.995),
    "names once only": (0.99, 0.989),
    "names once only, sentences": (0.976, 0.963),
    "nobody named": (0.996, 0.998),
    "everybody named": (0.991, 0.993),
    "few named": (0.989, 0.987),
    "few named, all once": (0.99, 0.991),
    "many paragraphs": (0.976, 0.995),
    "short paragraphs": (0.917, 0.969),
    "remarks": (0.971, 0.991),
    "pictures": (0.994, 0.995),
    "signatures": (0.984, 0.982),
    "names quoted on a line": (0.942, 0.922),
    "widget words in comments": (0.988, 0.993),
    "one comment": (0.921, 0.748),
    "few comments": (0.998, 0.998),
    "long page": (0.993, 0.995),
    "other bars": (0.993, 0.993),
    "bar with count": (0.994, 0.995),
    "labels after each": (0.996, 0.998),
    "the whole widget": (0.998, 0.998),
    "roles below names": (0.996, 0.997),
    "times under names": (0.998, 0.998),
    "site below, invitation": (0.994, 0.995),
    "site below": (0.994, 0.995),
    "load more between": (0.994, 0.995),
    "line ends": (0.994, 0.995),
    "no article": (0.994, 0.995),
    "empty first or last": (0.994, 0.995),
}
"""Kind → boundary F1 and share of comments with their author, as measured on twelve pages, a little below."""

FERRY = (
    PageComment("Marta Quill", "I took that boat to school every morning, and it was never late."),
    PageComment(None, "The bridge floods twice a year, ask anybody who lives there."),
    PageComment("Old Salt", "Every hull needs a pump. Ask any sailor about that."),
    PageComment("Marta Quill", "Then ask the mayor who pays for it, he should know by now."),
)


def read(page):
    return read_page(page).comments


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_each_kind_are_read_back_as_well_as_they_were(kind):
    total = sum((score(KINDS[kind](seed)) for seed in range(PAGES)), Score())
    f1, author = FLOORS[kind]
    assert total.f1 >= f1
    assert total.author >= author


def test_the_measure_knows_an_error_when_it_sees_one():
    page = KINDS["names: plain"](0)
    wrong = page._replace(comments=(PageComment("Nobody Else", page.comments[0].text), *page.comments[1:]))
    assert score(wrong).authors < score(page).authors
    assert not score(wrong).exact


@pytest.mark.parametrize("edge", [PageComment(None, ""), PageComment("Old Salt", "")], ids=["without a name", "with a name"])
def test_an_empty_comment_at_the_start_or_the_end_is_seen(edge):
    for talk in ((edge, *FERRY), (*FERRY, edge), (edge, *FERRY[1:], edge)):
        assert read(flattened(talk)) == talk


@pytest.mark.parametrize(
    "name", ["Wake me when it docks", "What would Ada do", "You can ask Bob", "Not My Real Name", "Old Fool", "Dr. X", "xX_gull_42_Xx"]
)
def test_somebody_who_writes_once_under_a_name_that_reads_like_a_sentence_is_somebody(name):
    talk = (*FERRY, PageComment(name, "The report says otherwise, on page nine, and so does the harbour master."), *FERRY[1:])
    assert read(flattened(talk)) == talk


LONG = "The Very Honourable Master Of All The Little Ships That Ever Sailed"


@pytest.mark.parametrize("name", ["www.gulls.example", "🐺", "~wave~", "[deleted]", "Yahoo!", "Truth.", "Who cares?", "+1", "2001", LONG])
def test_whoever_comes_back_where_names_stand_is_somebody_however_odd_the_name(name):
    once, twice, thrice = (
        PageComment(name, f"That makes it {count} of us who would rather keep her.") for count in ("one", "two", "three")
    )
    talk = (*FERRY, once, *FERRY[2:], twice, FERRY[1], thrice, *FERRY)
    assert read(flattened(talk)) == talk


def test_a_page_of_nothing_but_plus_one_has_comments():
    talk = (PageComment(None, "+1"), PageComment(None, "+1"))
    assert read(flattened(talk)) == talk


def test_a_line_that_shows_nothing_is_empty():
    page = flattened(FERRY)
    assert read(page.replace("\n\n", "\n\u200b\u00a0\n")) == FERRY


@pytest.mark.parametrize("remark", ["Not!!!", "So true", "Exactly", "Amen Brother", "Thank you", "lol"])
def test_a_remark_as_last_paragraph_is_no_name(remark):
    talk = (FERRY[0], PageComment("Old Salt", f"The hull is sound, and so is the pump.\n\n{remark}"), *FERRY[1:])
    assert read(flattened(talk)) == talk


@pytest.mark.parametrize("signature", ["Old Salt", "— Old Salt", "-- Salt", "~ O. S."])
@pytest.mark.parametrize("follower", FERRY[:2], ids=["named", "unnamed"])
def test_a_signature_is_the_end_of_a_comment_and_no_name(signature, follower):
    talk = (*FERRY, PageComment("Old Salt", f"The hull is sound, and so is the pump.\n\n{signature}"), follower, *FERRY[2:])
    assert read(flattened(talk)) == talk


@pytest.mark.parametrize("word", ["Reply", "Newest", "Login", "Subscribe", "3 years ago", "Share", "7"])
def test_a_label_of_the_widget_that_somebody_writes_is_a_comment(word):
    talk = (PageComment(None, word), *FERRY * 4, PageComment("Old Salt", word), *FERRY)
    assert read(flattened(talk)) == talk


@pytest.mark.parametrize("touching", [True, False])
@pytest.mark.parametrize("after", [(), ("Reply",), ("0", "Reply")], ids=str)
def test_below_the_time_there_is_a_text_and_above_it_a_name(touching, after):
    talk = (*FERRY, PageComment("Who is John?", "So True"), PageComment("Just asking.", ""), PageComment(None, "Old Salt"), *FERRY)
    page = flattened(talk, under_name=("3 years ago", "an hour ago", "1 year 2 months ago"), touching=touching, after_each=after)
    assert read(page) == talk


@pytest.mark.parametrize("button", ["Load more comments", "Show more replies", "View 3 more replies", "Load More Comments"])
def test_a_button_for_more_between_comments_ends_nothing(button):
    page = flattened(FERRY * 2).replace("\n\nOld Salt\n", f"\n\n{button}\n\nOld Salt\n", 1)
    assert read(page) == FERRY * 2


@pytest.mark.parametrize(
    "site",
    [
        ("You might also like", "", "Bridge Opens Early", "Bridge Opens Early", "May 3, 2031"),
        ("Related Articles:", "", "Ten Soups For Sailors", "", "© 2031 Harbour Post. All rights reserved."),
        ("Copyright © 2031 The Harbour Post",),
        ("Load More Comments", "", "Previous article", "Why The Lighthouse Blinks"),
        ("Leave a Reply", "", "Your email address will not be published. Required fields are marked *", "Name*", "Email*"),
    ],
    ids=lambda site: site[0],
)
def test_the_site_below_the_comments_is_no_comment(site):
    assert read(flattened(FERRY, footer=("", *site))) == FERRY


def test_a_heading_of_the_site_above_comments_ends_nothing():
    talk = (FERRY[0], PageComment(None, "See also"), *FERRY, PageComment("Old Salt", "Read more"), *FERRY)
    assert read(flattened(talk, footer=())) == talk


def test_what_is_in_doubt_is_decided_so_that_there_are_as_many_comments_as_announced():
    doubtful = (*FERRY, PageComment("Old Salt", "I was there.\n\nHarbour folk know it\n\nAnd so do I, since the day of the flood."), *FERRY)
    bar = ("Notify of", f"{len(doubtful)} Comments", *BAR[1:])
    assert len(read(flattened(doubtful))) == len(doubtful) + 1
    assert read(flattened(doubtful, bar=bar)) == doubtful


@pytest.mark.parametrize("announced", [2, 500])
def test_a_number_that_is_far_off_is_not_believed(announced):
    assert read(flattened(FERRY, bar=("Notify of", f"{announced} Comments", *BAR[1:]))) == FERRY


def test_ten_thousand_comments_are_read():
    talk = FERRY * 2500
    assert read(flattened(talk, footer=FOOTER)) == talk


def test_role_labels_begin_comments_and_reply_to_names_whom_they_answer() -> None:
    page = """Notify of
View all comments

Guest
Marta Quill
3 years ago

They never asked us.

4
Reply

Member
2 years ago

Reply to  Marta Quill

Nobody asked me either.

Reply

Author
Tom Grey
2 years ago

Reply to  Somebody Else

I will ask again.

Reply
"""
    assert read_page(page).comments == (
        PageComment("Marta Quill", "They never asked us."),
        PageComment(None, "Nobody asked me either.", "Marta Quill"),
        PageComment("Tom Grey", "I will ask again."),
    )


def test_a_page_where_people_merely_write_such_words_has_no_role_labels() -> None:
    page = flattened(
        [PageComment("Marta Quill", "Guest"), PageComment("Old Salt", "Member of what?"), PageComment("Marta Quill", "Of the choir.")]
    )
    assert [comment.text for comment in read_page(page).comments] == ["Guest", "Member of what?", "Of the choir."]
