"""Comments of a flattened page: found with their boundaries and names, and nothing of the article or the widget."""

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import UserError
from streams.sources.page import PageComment, read_page
from tests.support.pages import ARTICLE, BAR, FOOTER, INVENTED, NAMES, OTHER_BARS, SHORT_TEXTS, TEXTS, flattened, invented
from tests.support.seed_page import seed_page

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "streams" / "sources" / "samples" / "page.txt"
TALK = INVENTED["paragraphs"]


@pytest.fixture(name="seed_page")
def _seed_page():
    return seed_page()


def counts(comments):
    return len(comments), sum(c.author is not None for c in comments), sum(not c.text for c in comments)


def named(*names_and_texts):
    return [PageComment(*pair) for pair in names_and_texts]


@pytest.mark.parametrize("name", INVENTED)
def test_an_invented_page_is_read_back_as_it_was_written(name):
    assert read_page(flattened(INVENTED[name])).comments == INVENTED[name]


@pytest.mark.parametrize("bar", OTHER_BARS, ids=" ".join)
def test_other_labels_and_sort_orders_are_known(bar):
    assert read_page(flattened(TALK, bar=bar)).comments == TALK


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_threads_with_remarks_paragraphs_and_pictures_are_read_back(seed, share):
    comments = invented(seed, 60, share, short=0.15)
    assert list(read_page(flattened(comments)).comments) == comments


def test_the_seed_page_has_112_comments_66_named_and_3_empty(seed_page):
    assert counts(read_page(seed_page).comments) == (112, 66, 3)


def test_a_short_remark_on_the_seed_page_is_a_text_and_no_name(seed_page):
    comments = read_page(seed_page).comments
    assert all(len(c.author or "") < 30 and not (c.author or "").endswith((".", "?", "!", ":")) for c in comments)
    assert PageComment(None, "Chop ISuey") in comments


def test_a_sentence_without_capitals_is_no_name_however_often_it_comes_back():
    again = "you can see all of it from the pier"
    comments = named(
        (None, f"Ask anybody.\n\n{again}\n\nIt floods twice a year."), *((None, f"Yes, yes.\n\n{again}\n\nNo.") for _ in range(9))
    )
    assert list(read_page(flattened(comments)).comments) == comments


RENAMED = {
    "one word, lower case": lambda at: "zork" + chr(97 + at % 26) + chr(97 + at // 26),
    "two words, lower case": lambda at: f"jo{chr(97 + at % 26)} van{chr(97 + at // 26)}da",
    "capitals": lambda at: f"ZOR{chr(65 + at % 26)}K THU{chr(65 + at // 26)}",
    "no capitals in the script": lambda at: chr(0x5C71 + at) + chr(0x7530 + at) + "太郎",
    "cyrillic": lambda at: f"Иван Петр{chr(0x430 + at)}в",
    "handles": lambda at: f"@zork_{at}",
    "emoji": lambda at: f"🌊 Nia{chr(97 + at % 26)}{chr(97 + at // 26)} 🔥",
    "numbers": lambda at: str(100_000 + 37 * at),
}


@pytest.mark.parametrize("style", RENAMED)
def test_the_seed_page_reads_the_same_when_every_name_is_replaced(seed_page, style):
    comments = read_page(seed_page).comments
    new = {name: RENAMED[style](at) for at, name in enumerate(sorted({c.author for c in comments if c.author}))}
    expected = [PageComment(new[c.author] if c.author else None, c.text) for c in comments]
    assert list(read_page(renamed(seed_page, comments, new)).comments) == expected


def renamed(page, comments, new):
    lines = page.split("\n")
    at = lines.index("View all comments")
    for comment in comments:
        if comment.author:
            at = lines.index(comment.author, at + 1)
            lines[at] = new[comment.author]
    return "\n".join(lines)


def test_the_sample_that_is_shipped_has_fifty_comments():
    page = read_page(SAMPLE.read_text(encoding="utf-8"))
    assert counts(page.comments) == (50, 38, 2)
    assert page.heading.startswith("Willowbrook Library To Lend Garden Tools")


def test_the_heading_is_the_line_that_stands_twice_and_no_figure_or_banner():
    assert read_page(flattened(TALK)).heading == "Harbour Town Votes To Close The Old Ferry Line After Ninety Years"


def test_the_heading_does_not_change_with_the_figures_above_it():
    later = ("12", "1,300", "4,000", "311", "JUNE 2031", *ARTICLE[5:])
    assert read_page(flattened(TALK, article=later)).heading == read_page(flattened(TALK)).heading


@pytest.mark.parametrize("article", [(), ("",), ("0", "1,200", "MAY 2031", "")])
def test_a_page_without_an_article_has_no_heading_but_its_comments(article):
    page = read_page(flattened(TALK, article=article))
    assert (page.heading, page.comments) == ("", TALK)


@pytest.mark.parametrize(
    "footer",
    [
        (),
        ("",),
        ("Would love your thoughts, please comment.x", "()", "x", "| Reply", "Insert"),
        ("12", "0", "Would love your thoughts, please comment.x", "0"),
        ("0", "Would love your thoughts, please comment."),
        ("Load More Comments", "", "Would love your thoughts, please comment.x"),
        ("wpDiscuz", "Insert"),
        ("Load More Comments",),
    ],
    ids=str,
)
def test_whatever_ends_the_page_is_no_comment(footer):
    assert read_page(flattened(TALK, footer=footer)).comments == TALK


@pytest.mark.parametrize("labels", [("Reply",), ("0", "Reply"), ("Reply", "View Replies (3)"), ("0", "Reply", "3 years ago")], ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_labels_under_each_comment_are_no_text_and_mark_where_it_ends(labels, seed):
    comments = invented(seed, 40, short=0.1)
    assert list(read_page(flattened(comments, after_each=labels)).comments) == comments


@pytest.mark.parametrize("name", [name for name in INVENTED if name != "one comment"])
def test_line_ends_a_mark_and_trailing_spaces_change_nothing(name):
    page = flattened(INVENTED[name])
    dressed = "\ufeff" + "".join(f"{line}  \t\r\n" for line in page.split("\n"))
    assert read_page(dressed).comments == INVENTED[name]


def test_a_first_comment_right_under_the_bar_keeps_its_name():
    talk = INVENTED["names with signs"]
    assert read_page(flattened(talk).replace("View all comments\n\n", "View all comments\n")).comments == talk


@pytest.mark.parametrize("name", ["Guest", "Website", "X", "Newest Fan"])
def test_a_first_author_named_like_a_label_is_an_author(name):
    talk = named((name, "The first word is mine, as always."), ("Old Salt", "Enjoy it."), (name, "I do."))
    assert list(read_page(flattened(talk)).comments) == talk


def test_a_comment_that_quotes_the_widget_stays_a_comment():
    talk = named(("Marta Quill", "Why does it say “Notify of” above?"), ("Old Salt", "Click View all comments, then Reply."))
    assert list(read_page(flattened(talk)).comments) == talk


def test_a_link_in_the_article_with_a_label_of_the_widget_does_not_begin_the_comments():
    article = ("Popular", "", "View all comments", "", *ARTICLE)
    page = read_page(flattened(TALK, article=article))
    assert (page.comments, page.heading) == (TALK, read_page(flattened(TALK)).heading)


def test_a_page_without_a_widget_is_a_users_mistake():
    with pytest.raises(UserError, match=r"news\.txt: no comment widget found"):
        read_page("\n".join(ARTICLE), "news.txt")


@pytest.mark.parametrize("extra", [(), ("No Comments Yet",), ("Be the First to Comment!", ""), ("0 Comments",)])
def test_a_page_without_comments_is_a_users_mistake(extra):
    with pytest.raises(UserError, match="holds no comments"):
        read_page(flattened((), bar=(*BAR, *extra)))


@pytest.mark.parametrize(
    "page",
    [
        "View all comments\n" + "a" * 1_000_000,
        "View all comments\n" + "\n\n".join(["word"] * 20_000),
        "View all comments\n" + "\n" * 200_000 + "end",
        "View all comments\n" + "\n".join(["x"] * 100_000),
        "View all comments\n" + "aaa. " * 100_000,
        "1" * 500_000 + "\n" + "Newest\n" * 20_000 + "View all comments\nyes",
        "View all comments\n\n" + "Reply\n\n0\n\n" * 20_000 + "yes",
    ],
    ids=["one long line", "many blocks", "emptiness", "one long block", "sentences", "figures and orders", "labels only"],
)
def test_a_hostile_page_takes_no_longer_than_its_size(page):
    began = process_time()
    assert len(read_page(page).comments) >= 1
    assert process_time() - began < 20


comments_of_a_thread = st.lists(
    st.builds(
        PageComment,
        st.one_of(st.none(), st.sampled_from(NAMES[:8])),
        st.one_of(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map("\n\n".join), st.sampled_from(SHORT_TEXTS)),
    ),
    min_size=1,
    max_size=30,
)


@given(comments_of_a_thread)
@settings(deadline=None, max_examples=150)
def test_no_word_of_any_thread_is_lost_or_invented(comments):
    found = read_page(flattened(comments)).comments
    assert words(found) == words(comments)


def words(comments):
    return " ".join(f"{c.author or ''} {c.text}" for c in comments).split()


@given(st.lists(st.tuples(st.integers(0, len(NAMES) - 1), st.integers(0, len(TEXTS) - 1)), min_size=4, max_size=40))
@settings(deadline=None, max_examples=150)
def test_where_names_come_back_every_comment_has_its_own(picks):
    comments = [PageComment(NAMES[who % 3], TEXTS[what]) for who, what in picks]
    comments += [PageComment(name, TEXTS[at]) for at, name in enumerate(NAMES[:3] * 2)]
    assert list(read_page(flattened(comments)).comments) == comments


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text_below_a_bar_is_read_or_refused_plainly(text):
    try:
        page = read_page("\n".join((*ARTICLE, *BAR, text, *FOOTER)))
    except UserError:
        return
    assert all(c.author is None or c.author.strip() for c in page.comments)
