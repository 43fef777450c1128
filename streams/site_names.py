"""Sources and communities as labels of metrics and alerts: one name of a site everywhere, and none that hides, reorders or links."""

import re
import unicodedata
from typing import Final

MAX_LABEL: Final = 128
_SIGNS: Final = frozenset(" -_/'\u2019&+,!?\u2013")
_LOOK_ELSE: Final = frozenset("\u115f\u1160\u3164\uffa0\ua78f\u1427\u318d\u119e\ua4f8\ua4fa\ua4fd")
"""Letters that look like nothing, like a dot in the middle or on the line, or like a colon."""


def shown(name: str) -> str:
    """Return a source's or community's name as a label: at most 128 characters, ``_`` for what is no letter, digit or plain sign.

    So it hides and reorders nothing, is no markup, link or mention, and has none of the signs that part our own line.
    """
    kept = "".join(letter if _is_plain(letter) else "_" for letter in name[:MAX_LABEL])
    return re.sub("(?<= )/(?= )", "_", kept).strip() or "_"  # a slash alone parts source and community


def _is_plain(letter: str) -> bool:
    return letter in _SIGNS or (unicodedata.category(letter)[0] in "LMN" and letter not in _LOOK_ELSE)
