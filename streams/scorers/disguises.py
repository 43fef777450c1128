"""Text as the linear scorer reads it: plain, and with the usual disguises taken off.

Every function is linear in the length of its text, whatever the text is.
"""

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

from selectolax.lexbor import LexborHTMLParser

NO_TEXT: Final = ""

_TYPOGRAPHY: Final = tuple({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}.items())
"""Sign → what stands for it; none of them stands for another."""
_URL: Final = re.compile(r"(?:https?://|www\.)\S+")
_NAME: Final = re.compile(r"(?<!\w)@\w+")
_TAG: Final = re.compile(r"<[a-zA-Z/!]")
_BLOCK: Final = re.compile(
    r"<(?=/?(?:p|div|br|li|ul|ol|tr|td|th|table|blockquote|h[1-6]|hr|pre|section|article|dd|dt|dl)\b)", re.IGNORECASE
)
_ANY_TAG: Final = re.compile(r"<[^<>]*+>")
_MOST_TAGS: Final = 1000
"""The parser's time grows with the square of the depth: 10,000 nested elements would take a quarter of a second."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)
_PILED_MARKS: Final = re.compile("[\u0300-\u036f]{2,}|[\u0321\u0322\u0334-\u0338\u0488\u0489]")
_LOOKALIKES: Final = str.maketrans(
    "асеіјорѕухԁԛԝһкмтвнαεικνορτυχіӏɡɑıℓ",
    "aceijopsyxdqwhkmtbhaeiknoptuxilgail",
)
_LEET: Final = str.maketrans("0134578@$!|€+", "oieastbasiiet")
_LEET_INSIDE: Final = re.compile(r"(?<=[a-z])[0134578@$!|€+]{1,3}(?=[a-z])|(?<=[a-z])\${2}$")
_LEET_FIRST: Final = re.compile(r"^[0134578@$|]{1,2}(?=[a-z]{2})")
_LEET_SIGN: Final = re.compile(r"[0134578@$!|€+]")
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th|s|am|pm|k|m|bn)\b")
_DOTTED: Final = re.compile(r"(?:[a-z][._\-*~/]){2,}[a-z]")
_RUN: Final = re.compile(r"([a-z])\1{2,}")
_KEPT_DOUBLE: Final = frozenset("sglz")
_WIDE_SPACE: Final = re.compile(r"\s{2,}")
_TWO_SPACES: Final = re.compile(r"\s\s")
"""Found sooner than a wide space, which there is wherever there are two."""
_GAP: Final = "\ue000"
"""A private character that stands for a wide space while words that are spelt out are put together."""
_MAX_REMEMBERED: Final = 40
"""Letters of a word whose plain form is remembered."""
_FIRST_MARK: Final = "\u0300"
"""No character before it is a combining mark."""
_SPELT: Final = 3
"""So many single letters in a row are a word spelt out."""


def normalised(text: str) -> str:
    """Return the text in lower case, entities decoded, links and @names masked, single spaces, none at the ends.

    Invisible characters go, and marks that no language piles up so: a text of nothing else is empty.
    """
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _PILED_MARKS.sub("", _INVISIBLE.sub("", _typed(text)))
    text = text.lower()
    if "//" in text or "www." in text:
        text = _URL.sub("_url_", text)
    if "@" in text:
        text = _NAME.sub("@user", text)
    return " ".join(text.split())


def undisguised(text: str, plain: str | None = None) -> str:
    """Return what ``normalised`` returns, of the text without mark-up, odd letters, leetspeak, spaced or repeated letters.

    ``plain`` is what it returns of the text as it stands, where that is known: most texts hide nothing.
    """
    if plain is not None and _is_bare(_typed(text)):
        return _joined_letters(_plain_words(plain))
    if "&" in text:
        text = html.unescape(text)
    if _TAG.search(text):
        text = text_of_html(text)
    if not text.isascii():
        text = _plain_letters(_typed(text))
    return _joined_letters(_plain_words(normalised(_WIDE_SPACE.sub(f" {_GAP} ", text))))


def _typed(text: str) -> str:
    """Return the text as typewriters write it. Searches for signs that are seldom there cost less than a look at every letter."""
    if not text.isascii():
        for sign, plainer in _TYPOGRAPHY:
            text = text.replace(sign, plainer)
    return text


def _is_bare(text: str) -> bool:
    """Return whether there is no letter, mark-up or space that something could be hidden in."""
    return text.isascii() and "&" not in text and not ("<" in text and _TAG.search(text)) and not _TWO_SPACES.search(text)


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


def _plain_letters(text: str) -> str:
    """Return the text in compatibility form without invisible and combining marks, look-alikes in Latin words made Latin."""
    if text.isascii():
        return text
    text = _INVISIBLE.sub("", text)
    # Marks go before normalising: ordering a flood of them is quadratic inside ``normalize``.
    text = _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))
    if text.isascii():
        return text
    return " ".join(latin(word) for word in text.lower().split())


def _without_marks(text: str) -> str:
    marks = [letter for letter in set(text) if letter >= _FIRST_MARK and unicodedata.combining(letter)]
    return text.translate(dict.fromkeys(map(ord, marks))) if marks else text


def latin(word: str) -> str:
    """Return a word that mixes Latin with look-alikes of it in Latin; a wholly foreign word stays as it is."""
    if word.isascii() or not any("a" <= letter <= "z" for letter in word):
        return word
    return word.translate(_LOOKALIKES)


def _plain_words(text: str) -> list[str]:
    words = text.split(" ")
    if len(max(words, key=len)) > _MAX_REMEMBERED:
        return [_plain_word(word) for word in words]
    return list(map(_known_word, words))


def _plain_word(word: str) -> str:
    if word.isalpha():
        return _RUN.sub(_squeezed, word)
    if word in {"@user", "_url_"}:
        return word
    if _DOTTED.fullmatch(word):
        word = re.sub(r"[._\-*~/]", "", word)
    if _LEET_SIGN.search(word) and not _ORDINAL.match(word):
        word = _LEET_FIRST.sub(_letters, _LEET_INSIDE.sub(_letters, word))
    return _RUN.sub(_squeezed, word)


_known_word: Final = lru_cache(maxsize=1 << 15)(_plain_word)
"""The same words come again and again."""


def _letters(leet: re.Match[str]) -> str:
    return leet[0].translate(_LEET)


def _squeezed(run: re.Match[str]) -> str:
    letter = run[1]
    return letter * 2 if letter in _KEPT_DOUBLE else letter


def _joined_letters(words: list[str]) -> str:
    """Return the words with single spaces; three or more single letters in a row become words, cut where gaps stand."""
    lengths = list(map(len, words))
    if lengths.count(1) < _SPELT or (1,) * _SPELT not in zip(lengths, lengths[1:], lengths[2:], strict=False):
        return " ".join([word for word in words if word != _GAP] if _GAP in words else words)
    joined: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word == _GAP or (len(word) == 1 and word.isalpha()):
            run.append(word)
            continue
        joined.extend(_spelt(run))
        run = []
        joined.append(word)
    return " ".join(joined[:-1])


def _spelt(run: list[str]) -> list[str]:
    """Return what a run of single letters spells: one word, or several where some gaps are wider than others."""
    letters = [letter for letter in run if letter != _GAP]
    if len(letters) < _SPELT:
        return letters
    words = "".join(run).split(_GAP)
    return [word for word in words if word] if max(map(len, words)) > 1 else ["".join(letters)]
