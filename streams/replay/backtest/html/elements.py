"""HTML by elements, never by pasting text: the standard library's serialiser escapes every text and every attribute.

Whatever a name holds, it is shown: characters that nobody sees or that turn text round stand as ``⟨U+202E⟩``, a pile of combining
marks is cut, and a name longer than a cell ends in ``…``.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree.ElementTree import Element, tostring

Child = Element | str | None
LONGEST: Final = 300
"""Characters of one text that came from outside."""
_WORDY: Final = 40
"""A text from outside that is longer than this gets a wide column."""
_MARKS: Final = 2
"""Combining marks shown on one letter."""


def e(tag: str, /, *children: Child, **attributes: object) -> Element:
    """Return an element. Attributes: ``class_`` is ``class``, ``aria_label`` is ``aria-label``; those of None are left out."""
    made = Element(tag, {_name(name): visible(str(value)) for name, value in attributes.items() if value is not None})
    for child in children:
        if isinstance(child, str):
            _say(made, visible(child))
        elif child is not None:
            made.append(child)
    return made


def _name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")


def _say(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def visible(text: str) -> str:
    """Return a text of which everything can be seen."""
    signs, marks = [], 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) or unicodedata.category(sign) == "Me" else 0
        if marks <= _MARKS:
            signs.append(sign if sign.isprintable() else f"⟨U+{ord(sign):04X}⟩")
    return "".join(signs)


def outside(text: str, longest: int = LONGEST) -> Element:
    """Return what came from outside, cut to so many signs as shown.

    It is set apart, so that letters written from right to left turn nothing else round.
    """
    most = longest * (_MARKS + 1)
    said = visible(text[:most])
    return e("bdi", said if len(said) <= longest and len(text) <= most else said[:longest] + "…")


def table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[Child]], words: Sequence[int] = (0,), label: str = "") -> Element:
    """Return a table that scrolls by itself where it is too wide. Each row's first cell is its header.

    ``words`` are the columns that hold words, set to the left; the others hold numbers. ``label`` names what scrolls if not the caption.
    """
    head = e("tr", *(e("th", name, scope="col", class_=_side(number, words)) for number, name in enumerate(headers)))
    body = e("tbody", *(_row(row, words) for row in rows))
    made = e("table", e("caption", caption), e("thead", head), body)
    return e("div", made, class_="scrolls", role="group", aria_label=label or caption, tabindex="0")


def _row(cells: Sequence[Child], words: Sequence[int]) -> Element:
    first = e("th", cells[0], scope="row", class_=_side(0, words))
    return e("tr", first, *(e("td", cell, class_=_look(cell, number, words)) for number, cell in enumerate(cells[1:], 1)))


def _look(cell: Child, number: int, words: Sequence[int]) -> str | None:
    if isinstance(cell, str) and number in words:
        return "when"
    return "wordy" if isinstance(cell, Element) and len(cell.text or "") > _WORDY else _side(number, words)


def _side(number: int, words: Sequence[int]) -> str | None:
    return None if number in words else "number"


def section(name: str, title: str, *children: Child) -> Element:
    """Return a part of the page with its heading, as a landmark."""
    return e("section", e("h2", title, id=f"{name}-title"), *children, id=name, aria_labelledby=f"{name}-title")


def unfolded(title: str, *children: Child) -> Element:
    """Return what opens when it is asked for, without a script."""
    return e("details", e("summary", title), *children)


def written(page: Element) -> str:
    """Return a page as text, escaped."""
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html") + "\n"
