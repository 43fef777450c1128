"""Invented pages of many kinds, each made from a number, with the comments that are on it."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final, NamedTuple

from streams.sources.page import PageComment
from tests.support.page_words import NAME_STYLES, REMARKS, WIDGET_TEXTS, names, said
from tests.support.pages import ARTICLE, BAR, FOOTER, OTHER_BARS, flattened


class KnownPage(NamedTuple):
    """A flattened page and what is on it."""

    text: str
    comments: tuple[PageComment, ...]


Dress = Callable[[Random, list[PageComment]], str]
"""Flattens comments in a way of its own."""


class Manner(NamedTuple):
    """How the people of a page write."""

    style: str = "mixed"
    comments: tuple[int, int] = (8, 70)
    named: float = 0.6
    once: float = 0.15
    """How many names occur once only."""
    paragraphs: float = 0.15
    remarks: float = 0.05
    pictures: float = 0.03
    signed: float = 0.0
    quoting: float = 0.0
    widget_words: float = 0.0


USUAL: Final = Manner()


def talk(chance: Random, manner: Manner = USUAL) -> list[PageComment]:
    """Return comments: a few people write often, some once, some names are missing, some comments are pictures."""
    count = chance.randint(*manner.comments)
    pool = names(chance, manner.style, 4 + count // 4)
    passing = [name for name in names(chance, manner.style, 2 * count) if name not in pool]
    return [_comment(chance, manner, _author(chance, manner, pool, passing), pool) for _ in range(count)]


def _author(chance: Random, manner: Manner, pool: Sequence[str], passing: list[str]) -> str | None:
    if chance.random() >= manner.named:
        return None
    if passing and chance.random() < manner.once:
        return passing.pop()
    return pool[min(int(chance.expovariate(3 / len(pool))), len(pool) - 1)]


def _comment(chance: Random, manner: Manner, author: str | None, pool: Sequence[str]) -> PageComment:
    if chance.random() < manner.pictures:
        return PageComment(author, "")
    paragraphs = [_paragraph(chance, manner)]
    while chance.random() < (manner.paragraphs if len(paragraphs) == 1 else 0.4):
        paragraphs.append(_paragraph(chance, manner, later=True))
    if chance.random() < manner.quoting:
        paragraphs.insert(0, chance.choice(pool))
    if author and chance.random() < manner.signed:
        paragraphs.append(chance.choice((author, f"— {author}", f"Regards, {author.split()[0]}", author.split()[0])))
    return PageComment(author, "\n\n".join(paragraphs))


def _paragraph(chance: Random, manner: Manner, later: bool = False) -> str:
    if chance.random() < manner.widget_words:
        return chance.choice(WIDGET_TEXTS)
    remark = chance.random() < manner.remarks * (2 if later else 1)
    return chance.choice(REMARKS) + chance.choice(("", "", ".", "!")) if remark else said(chance)


def _written(manner: Manner, seed: int) -> KnownPage:
    comments = talk(Random(seed), manner)
    return KnownPage(flattened(comments), tuple(comments))


def _dressed(dress: Dress, seed: int, manner: Manner = USUAL) -> KnownPage:
    chance = Random(seed)
    comments = talk(chance, manner)
    return KnownPage(dress(chance, comments), tuple(comments))


_FIELDS: Final = "Subscribe|Login|Notify of|Connect with|guest|Name*|Email*|{count} Comments"
_APART: Final = "Newest||Oldest||Most Voted||Inline Feedbacks||View all comments"
BARS: Final = (
    *OTHER_BARS,
    *(
        tuple(bar.split("|"))
        for bar in (
            "{count} Comments|Oldest|Newest|Most Voted|Inline Feedbacks|View all comments",
            f"{_FIELDS}||{_APART}",
            f"Subscribe||Notify of||all new follow-up comments||Label||{{}}||[+]||{{count}} Comments||{_APART}",
            "{count} Comments|Oldest|Newest|Most Voted",
            "Notify of|Newest Most Voted|Inline Feedbacks|View all comments|{count} Comments",
            "wpDiscuz|Notify of|Newest Most Voted|Inline Feedbacks|View all comments|Subscribe|Login",
            "{count} COMMENTS|Notify of|Oldest / Newest / Most Voted|Inline Feedbacks|View all comments",
        )
    ),
)


def _other_bar(chance: Random, comments: list[PageComment]) -> str:
    bar = tuple(label.replace("{count}", str(len(comments))) for label in chance.choice(BARS))
    return flattened(comments, bar=bar)


AGES: Final = ("3 years ago", "1 year ago", "2 months ago", "11 days ago", "an hour ago")
DATES: Final = ("March 3, 2031 10:12 am", "12/04/2031 09:15", "3 Mar 2031, 10:12", "2031-03-04 18:22", "April 1, 2031")
VOTES: Final = ("0", "3", "-2", "+5", "12")


def _labelled(chance: Random, comments: list[PageComment]) -> str:
    kinds: tuple[Sequence[Sequence[str]], ...] = (
        (("Reply",),),
        (VOTES, ("Reply",)),
        (VOTES, ("Reply",), ("View Replies (3)", "Hide Replies", "View 2 Replies", "Show more replies")),
        (VOTES, ("Reply",), AGES),
        (VOTES, ("| Reply",), AGES),
        (AGES, ("Reply", "Reply")),
        (VOTES, VOTES, ("Reply",), ("Share",), DATES),
        (DATES, ("Reply",)),
    )
    return flattened(comments, after_each=chance.choice(kinds), chance=chance)


ROLES: Final = ("Guest", "Guest", "Member", "Author", "Trusted Member")


def _whole(seed: int) -> KnownPage:
    """All that the widget shows: role, name, time, whom it answers, votes, Reply; with or without empty lines between them."""
    chance = Random(seed)
    comments = [_answering(chance, comment, before) for before, comment in _with_before(talk(chance, Manner(comments=(6, 60))))]
    lines, touching, votes = [*ARTICLE, *BARS[2]], chance.random() < 0.5, chance.random() < 0.7
    for author, text, answers in comments:
        above = [line for line in (chance.choice(ROLES), author, chance.choice(AGES)) if line is not None]
        lines += ["", *(above if touching else [line for label in above for line in (label, "")][:-1])]
        lines += ["", f"Reply to  {answers}"] if answers else []
        lines += ["", *text.split("\n")] if text else []
        lines += ["", *([chance.choice(VOTES), ""] if votes else []), "Reply"]
    return KnownPage("\n".join([*lines, "", *FOOTER]) + "\n", tuple(comments))


def _role_below(seed: int) -> KnownPage:
    """The role stands below the name, with or without an empty line between, some pages with the time below that."""
    chance = Random(seed)
    comments = [comment for comment in talk(chance, Manner(named=1.0, pictures=0.0)) if comment.text]
    lines, touching, dated = [*ARTICLE, *BAR, ""], chance.random() < 0.5, chance.random() < 0.5
    for author, text, _ in comments:
        lines += [author or "", *(() if touching else ("",)), chance.choice(ROLES), ""]
        lines += [chance.choice(AGES), ""] if dated else []
        lines += [*text.split("\n"), ""]
    return KnownPage("\n".join([*lines, *FOOTER]) + "\n", tuple(comments))


def _with_before(comments: Sequence[PageComment]) -> list[tuple[Sequence[PageComment], PageComment]]:
    return [(comments[:at], comment) for at, comment in enumerate(comments)]


def _answering(chance: Random, comment: PageComment, before: Sequence[PageComment]) -> PageComment:
    names = [other.author for other in before[-6:] if other.author not in (None, comment.author)]
    return comment._replace(answers=chance.choice(names)) if names and comment.text and chance.random() < 0.4 else comment


def _dated(chance: Random, comments: list[PageComment]) -> str:
    """The time stands under the name, with or without an empty line between; some pages have Reply below the text as well."""
    after: Sequence[Sequence[str]] = chance.choice(((), (("Reply",),), (VOTES, ("Reply",))))
    return flattened(
        comments, under_name=chance.choice((AGES, AGES, DATES)), touching=chance.random() < 0.5, after_each=after, chance=chance
    )


SITE: Final = tuple(
    tuple(site.split("|"))
    for site in (
        "You might also like||Bridge Opens Early||Mayor To Retire After Forty Years||© 2031 Harbour Post. All rights reserved.",
        "Related Articles||Ferry Season Begins|May 3, 2031||Pier To Be Painted|April 9, 2031||Privacy Policy|Contact Us",
        "Copyright © 2031 The Harbour Post",
        "Related Posts|Council Meets Again|A Winter Without Ice||Newsletter|Subscribe|About Us|Imprint|© The Harbour Post 2031",
        "Previous article|Why The Lighthouse Blinks||Next article|Ten Soups For Sailors||Most Popular||Storm Takes The Jetty",
        "More from Harbour Post||The Last Net Maker||Leave a Reply||Your email address will not be published.",
        "wpDiscuz|Insert||You may also like||Old Hull Found In Mud||Follow us|Facebook|Twitter",
    )
)


def _with_site(invited: bool, chance: Random, comments: list[PageComment]) -> str:
    invitation = ("Would love your thoughts, please comment.x", "()", "x", "| Reply", "Insert", "") if invited else ("",)
    return flattened(comments, footer=(*invitation, *chance.choice(SITE)))


def _loading(chance: Random, comments: list[PageComment]) -> str:
    """Buttons for more stand between comments, and at the end."""
    half = next((at for at in range(len(comments) // 2, len(comments)) if comments[at - 1].text and comments[at].text), 1)
    lines = flattened(comments[:half], footer=()).rstrip("\n")
    rest = flattened(comments[half:], article=(), bar=(), footer=())
    button = chance.choice(("Load more comments", "Show more replies", "Load More Comments", "View more replies", "Show more comments"))
    gap = "\n" if comments[half].author is not None else "\n\n"
    end = chance.choice(("Load more comments\n", "Load More Comments\n\nYou might also like\n\nBridge Opens Early\n", f"{FOOTER[0]}\n"))
    return f"{lines}\n\n{button}\n{gap}{rest.lstrip(chr(10))}{end}"


def _typed(chance: Random, comments: list[PageComment]) -> str:
    """Line ends of other systems, a mark, trailing spaces, hard spaces."""
    end = chance.choice(("\r\n", "  \n", "\t\r\n", "\r", "\u00a0\n"))
    return chance.choice(("\ufeff", "")) + flattened(comments).replace("\n", end)


def _counted(chance: Random, comments: list[PageComment]) -> str:
    return flattened(comments, bar=("Notify of", f"{len(comments)} Comments", "Newest Most Voted", "Inline Feedbacks", "View all comments"))


def _without_article(chance: Random, comments: list[PageComment]) -> str:
    return flattened(comments, article=chance.choice(((), ("",), ("", "", ""), ARTICLE[:6])))


def _with_ends(seed: int) -> KnownPage:
    """Empty comments, with and without a name, stand first and last."""
    chance = Random(seed)
    edge = [PageComment(None, ""), PageComment("Marta Quill", ""), PageComment(None, "")]
    comments = talk(chance)
    first = [chance.choice(edge)] if chance.random() < 0.7 else []
    last = [chance.choice(edge)] if chance.random() < 0.7 or not first else []
    comments = [*first, *comments, *last]
    return KnownPage(flattened(comments), tuple(comments))


def _kinds() -> dict[str, Callable[[int], KnownPage]]:
    styles = {f"names: {style}": partial(_written, Manner(style=style)) for style in NAME_STYLES}
    manners = {
        "names once only": Manner(once=1.0),
        "names once only, sentences": Manner(style="sentences", once=1.0, comments=(8, 25)),
        "nobody named": Manner(named=0.0),
        "everybody named": Manner(named=1.0),
        "few named": Manner(named=0.12),
        "few named, all once": Manner(named=0.12, once=1.0),
        "many paragraphs": Manner(paragraphs=0.6),
        "short paragraphs": Manner(paragraphs=0.5, remarks=0.3),
        "remarks": Manner(remarks=0.4),
        "pictures": Manner(pictures=0.2),
        "signatures": Manner(signed=0.3),
        "names quoted on a line": Manner(quoting=0.15),
        "widget words in comments": Manner(widget_words=0.12),
        "one comment": Manner(comments=(1, 1), pictures=0.0),
        "few comments": Manner(comments=(2, 6)),
        "long page": Manner(comments=(250, 300)),
    }
    dresses: dict[str, Dress] = {
        "other bars": _other_bar,
        "bar with count": _counted,
        "labels after each": _labelled,
        "times under names": _dated,
        "site below, invitation": partial(_with_site, True),
        "site below": partial(_with_site, False),
        "load more between": _loading,
        "line ends": _typed,
        "no article": _without_article,
    }
    written = {name: partial(_written, manner) for name, manner in manners.items()}
    return (
        styles
        | written
        | {name: partial(_dressed, dress) for name, dress in dresses.items()}
        | {
            "empty first or last": _with_ends,
            "the whole widget": _whole,
            "roles below names": _role_below,
        }
    )


KINDS: Final = _kinds()
"""Kind → makes a page of it from a number."""
