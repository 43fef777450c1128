"""Which groups a text mentions: whole folded words of a short list (``identity_terms.toml``, which says what it cannot tell)."""

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

from streams.records import Comment
from streams.stages.score import text_to_score

LIST: Final = "identity_terms.toml"
_WORD: Final = re.compile(r"\w+")


class Terms(Struct, frozen=True):
    """The list: its version, the names of its groups, and what finds their terms."""

    version: int
    groups: tuple[str, ...]
    _group_of: dict[str, str]
    _found: re.Pattern[str]

    def mentioned(self, comment: Comment) -> frozenset[str]:
        """Return the groups that a comment's own words mention; what it quotes is somebody else's."""
        words = folded(text_to_score(comment)[0])
        return frozenset(self._group_of[term] for term in self._found.findall(words))


def folded(text: str) -> str:
    """Return the words of a text with a space between, without case, marks and compatibility forms."""
    if not text.isascii():
        # Marks go before normalising: ordering a flood of them is quadratic inside ``normalize``.
        text = _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))
    return " ".join(_WORD.findall(text.casefold()))


def _without_marks(text: str) -> str:
    return "".join([sign for sign in text if not unicodedata.combining(sign)])


@cache
def terms() -> Terms:
    """Return the list of this version of the program."""
    held = tomllib.loads(files(__package__).joinpath(LIST).read_text(encoding="utf-8"))
    group_of = {folded(term): group for group, written in held["groups"].items() for term in written.split(",")}
    longest_first = sorted(group_of, key=lambda term: (-len(term), term))
    return Terms(held["version"], tuple(held["groups"]), group_of, re.compile(rf"\b(?:{'|'.join(longest_first)})\b"))
