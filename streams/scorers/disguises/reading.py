"""The two readings of a text: as it stands, and without its disguises."""

import html
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from streams.scorers.disguises import letters, markup, quotes, spacing
from streams.scorers.disguises.traced import Edit, Traced, Undone
from streams.scorers.disguises.words import MAX_REMEMBERED, plain_words, suspects, token_edits

_URL: Final = re.compile(r"(?:https?://|www\.)\S+")
_NAME: Final = re.compile(r"(?<!\w)@\w+")
_PILED_MARKS: Final = re.compile("[\u0300-\u036f]{2,}|[\u0321\u0322\u0334-\u0338\u0488\u0489]")
_STEPS: Final[tuple[Callable[[str], Iterator[Edit]], ...]] = (
    markup.entities, markup.tags, letters.backwards, letters.invisible, letters.marks, letters.folded, letters.look_alikes,
    spacing.spelt_out, spacing.separated, plain_words,
)  # fmt: skip


def normalised(text: str) -> str:
    """Return the text in lower case, entities decoded, links and @names masked, single spaces, none at the ends.

    Invisible characters go, and marks that no language piles up so: a text of nothing else is empty.
    """
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _PILED_MARKS.sub("", letters.INVISIBLE.sub("", letters.typed(text)))
    text = text.lower()
    if "//" in text or "www." in text:
        text = _URL.sub("_url_", text)
    if "@" in text:
        text = _NAME.sub("@user", text)
    return " ".join(text.split())


def undisguised(text: str) -> str:
    """Return the text without its disguises; in plain typography where it has none. Quotations are not taken out."""
    typed = letters.typed(text)
    if _is_bare(typed):
        return typed
    traced = Traced(text, with_origin=False)
    for step in _STEPS:
        traced.edit(step(traced.text))
    return traced.text


def undone(text: str) -> Undone:
    """Return the text without disguises and quotations, where each character stood, and what was undone."""
    traced = Traced(text, with_origin=True)
    for step in (quotes.quotations, *_STEPS):
        traced.edit(step(traced.text))
    return Undone(traced.text, tuple(traced.origin or ()), traced.disguises)


@lru_cache(maxsize=1 << 15)
def hides_something(word: str) -> bool:
    """Return whether a text without spaces has a word in disguise. The same words come again and again."""
    return bool(token_edits(word)) or next(spacing.separated(word), None) is not None


def _is_bare(text: str) -> bool:
    """Return whether nothing can be hidden in the text. Most texts are so: this is what the scorer's speed depends on."""
    if not text.isascii() or "&" in text or "<" in text:
        return False
    odd = suspects(text)
    hide = hides_something if max(map(len, odd), default=0) <= MAX_REMEMBERED else hides_something.__wrapped__
    return not any(map(hide, odd)) and not next(spacing.spelt_out(text), None)
