"""A comment page flattened to text: its heading and its comments, in the order of the page. Pure: text in, values out."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from streams.errors import UserError
from streams.sources.page_layout import Layout, Part, layout
from streams.sources.page_region import Block, region_of

_DATE: Final = re.compile(r"(?:[^\W\d_]{3,12}\.? )?(?:\d{1,2},? )?(?:[^\W\d_]{3,12}\.?,? )?(?:19|20)\d\d")
_HEADING_WORDS: Final = 4


class PageComment(NamedTuple):
    """One comment as the page shows it."""

    author: str | None
    """The name line; None where the page shows none."""
    text: str
    """Paragraphs with one empty line between; "" for a picture."""
    answers: str | None = None
    """Whom the page says it answers (``Reply to NAME``), if that name is an author of the page."""


class Page(NamedTuple):
    """What a page says."""

    heading: str
    """The article's heading, white space as single spaces; "" where there is none."""
    comments: tuple[PageComment, ...]


def read_page(text: str, where: str = "the page") -> Page:
    """Return the heading and the comments. Raises UserError where there is no comment widget, or it is empty."""
    region = region_of(text)
    if region is None:
        raise UserError(
            f"{where}: no comment widget found (a bar such as 'Notify of', 'Inline Feedbacks', 'View all comments'); "
            "put the line 'View all comments' above the first comment if the page shows none"
        )
    comments = _comments(region.blocks, layout(region))
    if not comments:
        raise UserError(f"{where}: the comment widget holds no comments; save the page again once its comments have loaded")
    return Page(_heading(region.article), comments)


def _comments(blocks: Sequence[Block], reading: Layout) -> tuple[PageComment, ...]:
    found: list[tuple[str | None, list[Block]]] = []
    for block, (part, empties) in zip(blocks, reading.placed, strict=True):
        found.extend((None, []) for _ in range(empties))
        if part is Part.NAME:
            found.append((block.text, []))
        elif part is Part.BEGINS:
            found.append((None, [block]))
        else:
            found[-1][1].append(block)
    found.extend((None, []) for _ in range(reading.empties_after))
    names = {author.casefold(): author for author, _ in found if author is not None}
    return tuple(
        PageComment(author, _text(said), names.get((said[0].answers or "").casefold()) if said else None) for author, said in found
    )


def _text(said: Iterable[Block]) -> str:
    return "\n\n".join(block.text for block in said)


def _heading(article: Iterable[str]) -> str:
    """Return the first line that is no figure and no date and long enough for a heading, rather one that stands there twice.

    Pages name an article in the path and again above it; a banner that recurs as well stands after it or is shorter.
    """
    lines = [" ".join(unicodedata.normalize("NFC", line).split()) for line in article]
    worded = [line for line in lines if line and not _is_figure(line) and not _DATE.fullmatch(line)]
    long = [line for line in worded if len(line.split()) >= _HEADING_WORDS or len(line) >= 25] or worded
    twice = [line for line in long if long.count(line) > 1] if len(long) <= 2000 else []
    return (twice or long or [""])[0]


def _is_figure(line: str) -> bool:
    """Say whether a line is a number, with a unit of one letter at most (``12 %``, ``€ 5k``)."""
    return sum(map(str.isalpha, line)) <= 1
