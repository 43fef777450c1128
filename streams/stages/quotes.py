"""What a comment says itself and what it repeats of others: text as written → own words, quoted spans, hashes of neighbouring words.

Every function is linear in the text, whatever the text is. What is kept of it is a sample of these hashes, under a key (``keyed.py``).
"""

import html
import re
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from msgspec import Struct

from streams.records import TextFormat
from streams.stages.lexicon import STOPWORDS

MAX_READ: Final = 8_000
"""Characters read: the first six thousand and the last two; nobody is addressed in the middle of a flood."""
MAX_HTML: Final = 65_536
MAX_SPANS: Final = 8

_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_PILED_MARKS: Final = re.compile("[\u0300-\u036f]{3,}")
_TYPOGRAPHY: Final = tuple({"’": "'", "‘": "'", "´": "'", "`": "'", "\u00a0": " ", "«": "“", "»": "”", "„": "“", "\r": "\n"}.items())
"""Sign → what stands for it; none of them stands for another."""
_BLOCK: Final = re.compile(r"<(?:/?(?:p|div|li|ul|ol|h[1-6])\b|br\b)[^<>]*>", re.IGNORECASE)
_QUOTE_OPEN: Final = re.compile(r"<blockquote\b[^<>]*>", re.IGNORECASE)
_QUOTE_CLOSE: Final = re.compile(r"</blockquote[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private characters that stand for blockquote tags while the other tags go."""
_SINGLE: Final = re.compile(r"(?<!\w)'((?:[^'\n]|\b'\b){2,200})'(?!\w)")
"""What stands in single quotation marks; "don't" does not end it."""
WORD: Final = re.compile(r"[^\W_]+")


class Spoken(Struct, frozen=True):
    """One text taken apart."""

    own: str
    """Without what is certainly quoted (``>`` lines, ``>>…<<``, blockquotes)."""
    quoted: tuple[str, ...] = ()
    """What is certainly quoted."""


def plain(text: str, written: TextFormat = TextFormat.PLAIN) -> str:
    """Return the text without mark-up, invisible characters and curly apostrophes, cut to what is read."""
    if written is TextFormat.HTML:
        text = _without_tags(text[:MAX_HTML])
    if len(text) > MAX_READ:
        text = f"{text[: MAX_READ - 2000]}\n{text[-2000:]}"
    if text.isascii():
        return text
    text = _PILED_MARKS.sub("", _INVISIBLE.sub("", text))
    for sign, plainer in _TYPOGRAPHY:  # ten searches for what is seldom there cost a tenth of ``translate``, which looks every letter up
        text = text.replace(sign, plainer)
    return text


def _without_tags(markup: str) -> str:
    if "<" in markup:
        markup = _QUOTE_CLOSE.sub(f"{_CLOSE}\n", _QUOTE_OPEN.sub(f"\n{_OPEN}", _BLOCK.sub("\n", markup)))
        markup = _TAG.sub("", markup)
    return html.unescape(markup)


def spoken(text: str) -> Spoken:
    """Return a plain text's own words and quoted spans."""
    quoted: list[str] = []
    if _OPEN in text:
        text = _cut(text, _OPEN, _CLOSE, quoted)
    if ">>" in text:
        text = _cut(text, ">>", "<<", quoted)
    if ">" in text:
        text = _without_quoted_lines(text, quoted)
    return Spoken(text, tuple(quoted[:MAX_SPANS]))


def _cut(text: str, opening: str, closing: str, quoted: list[str]) -> str:
    """Return the text without what stands between the two; an opening that never closes is left alone."""
    kept, here = [], 0
    while (start := text.find(opening, here)) >= 0 and (end := text.find(closing, start + len(opening))) >= 0:
        kept.append(text[here:start])
        quoted.append(text[start + len(opening) : end])
        here = end + len(closing)
    return " ".join([*kept, text[here:]])


def _without_quoted_lines(text: str, quoted: list[str]) -> str:
    own = []
    for line in text.split("\n"):
        if line.lstrip().startswith(">"):
            quoted.append(line.lstrip("> \t"))
        else:
            own.append(line)
    return "\n".join(own)


def in_marks(text: str) -> Iterable[str]:
    """Yield what stands in quotation marks."""
    for opening, closing in (("“", "”"), ('"', '"')):
        here = 0
        for _ in range(MAX_SPANS):
            start = text.find(opening, here)
            end = text.find(closing, start + 1) if start >= 0 else -1
            if end < 0:
                break
            yield text[start + 1 : end]
            here = end + 1


def without_apostrophes(text: str) -> str:
    """Return the text without apostrophes; what stands between two single quotation marks stands between double ones."""
    if "'" not in text:
        return text
    if " '" in text or text.startswith("'"):
        text = _SINGLE.sub(r'"\1"', text)
    return text.replace("'", "")


def hashes(words: Iterable[str]) -> set[int]:
    """Return a 32-bit hash of each two neighbouring words that mean something."""
    found, before = set(), ""
    for word in words:
        if word in STOPWORDS or len(word) < 2:
            before = ""
            continue
        if before:
            found.add(crc32(f"{before} {word}".encode()))  # no word holds a lone surrogate: that is no letter
        before = word
    return found


def words_of(text: str) -> list[str]:
    """Return the words, in lower case, without apostrophes."""
    return WORD.findall(text.lower().replace("'", ""))
