"""Mark-up: the text of HTML, and the tags and entities inside what should be plain."""

import html
import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from streams.scorers.disguises.traced import Disguise, Edit

NO_TEXT: Final = ""
_BLOCKS: Final = "p|div|br|li|ul|ol|tr|td|th|table|blockquote|h[1-6]|hr|pre|section|article|dd|dt|dl"
_INLINE: Final = (
    "a|abbr|b|bdi|bdo|big|center|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|tt|u|var|wbr|script|style|"
    "template|noscript|html|body|head|iframe|object|svg|input|button|form|label|marquee|nobr"
)
_BLOCK: Final = re.compile(rf"<(?=/?(?:{_BLOCKS})\b)", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^<>]*+>")
_TAG: Final = re.compile(rf"<(?:/?(?:(?P<block>{_BLOCKS})|(?P<inline>{_INLINE}))(?:[\s/][^<>]*+)?>|!(?:--)?)", re.IGNORECASE)
_END: Final = {name: re.compile(rf"</{name}[^<>]*+>", re.IGNORECASE) for name in ("script", "style", "template", "noscript")}
_ENTITY: Final = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]{1,31};?)")
_MOST_TAGS: Final = 1000
"""The parser's time grows with the square of the depth: 10,000 nested elements would take a quarter of a second."""


def text_of_html(markup: str, without: tuple[str, ...] = ()) -> str:
    """Return the text of mark-up: blocks on their own lines, letters of one word together whatever stands around them.

    Scripts and styles are left out, and so are the elements named in ``without``, except where there are more tags
    than a comment ever has: then all tags become line breaks.
    """
    if markup.count("<") > _MOST_TAGS:
        return html.unescape(_ANY_TAG.sub("\n", markup))
    tree = LexborHTMLParser(_BLOCK.sub("\n<", markup))
    tree.strip_tags(["script", "style", "template", "noscript", *without])
    return tree.body.text(deep=True) if tree.body else NO_TEXT


def entities(text: str) -> Iterator[Edit]:
    """Yield what decodes entities. ``&amp;`` and the like stand in harmless texts too; a letter as a number does not."""
    for found in _ENTITY.finditer(text) if "&" in text else ():
        meant = html.unescape(found[0])
        if meant != found[0]:
            yield Edit(*found.span(), meant, Disguise.MARK_UP if meant.isalnum() and meant.isascii() else None)


def tags(text: str) -> Iterator[Edit]:
    """Yield what takes out tags of HTML, comments, scripts and styles. Angle brackets of another kind stay: ``vector<int>``."""
    at, no_end = 0, set[str]()
    while found := _TAG.search(text, at):
        end = found.end()
        name = (found["inline"] or "").lower()
        if found[0].startswith("<!"):
            end = _end_of_comment(text, found, no_end)
        elif name in _END and found[0][1] != "/" and name not in no_end:
            closing = _END[name].search(text, end)
            no_end |= set() if closing else {name}
            end = closing.end() if closing else end
        yield Edit(found.start(), end, "\n" if found["block"] else "", Disguise.MARK_UP)
        at = max(end, found.start() + 1)


def _end_of_comment(text: str, found: re.Match[str], no_end: set[str]) -> int:
    """Return where a comment or declaration ends; an end that was once searched for in vain is not searched for again."""
    ending = "-->" if found[0] == "<!--" else ">"
    end = -1 if ending in no_end else text.find(ending, found.end())
    if end < 0:
        no_end.add(ending)
        return found.end()
    return end + len(ending)
