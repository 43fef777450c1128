"""An invented chat: two talks at once, in which few say whom they answer."""

from collections.abc import Iterable
from typing import Any, Final

from streams.records import Comment
from tests.support.builders import NOON, SECOND, comment

LINES: Final = (
    ("ann", "my machine does not boot since the last kernel came, what now?"),
    ("cleo", "does anybody know a good editor for latex?"),
    ("bob", "ann: have you tried the other kernel?"),
    ("dan", "cleo: kile is fine"),
    ("ann", "yes, that one does not boot either"),
    ("cleo", "thanks, kile it is"),
    ("bob", "then hold shift when it starts, and take the recovery entry"),
)


def chat(lines: Iterable[tuple[str, str]], **fields: Any) -> list[Comment]:
    return [
        comment(f"c{n}", source="irc", author_id=who, text=text, created_at=NOON + n * 20 * SECOND, **fields)
        for n, (who, text) in enumerate(lines)
    ]
