"""Foreign text as a page shows it: nothing hides, turns the line round or fills the screen. Escaping is the template's."""

import re
import unicodedata
from typing import Any, Final

from markupsafe import Markup

MAX_MARKS: Final = 3
"""Combining marks that one letter may carry."""
_TURNING: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f"
)
_CONTROL: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
_STRANGE: Final = re.compile(f"[{_TURNING}{_UNSEEN}{_CONTROL}\ud800-\udfff]")
_SUSPECT: Final = re.compile(r"[^\x00-\u02ff]")


def visible(text: str) -> str:
    """Return a text in which signs that are not seen stand as ``⟦U+202E⟧``, and letters carry at most three marks."""
    if _STRANGE.search(text):
        text = _STRANGE.sub(_named, text)
    return text if _SUSPECT.search(text) is None else _with_few_marks(text)


def _named(found: "re.Match[str]") -> str:
    return f"⟦U+{ord(found[0]):04X}⟧"


def _with_few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(sign)
    return "".join(kept)


def finalized(value: Any) -> Any:
    """Return what a template is about to print, made visible: every expression passes here, so that none can be forgotten."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def clipped(text: str, most: int) -> str:
    """Return a name cut to so many signs."""
    return text if len(text) <= most else text[: most - 1] + "…"
