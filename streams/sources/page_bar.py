"""The widget's bar above the comments: where it stands on a flattened page, and how many comments it announces.

Everything here is about the widget (wpDiscuz and its like), nothing about one page: labels are compared as whole lines, folded
to lower case, so that a comment which merely contains such a word stays a comment.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_SORT_ORDERS: Final = ("most voted", "most reacted", "newest", "oldest", "hottest", "best", "latest", "popular", "sort by", "recent")
_CLOSING: Final = frozenset(
    {
        "view all comments",
        "alle kommentare anzeigen",
        "afficher tous les commentaires",
        "voir tous les commentaires",
        "ver todos los comentarios",
        "посмотреть все комментарии",
    }
)
"""The bar's last label of its own."""
_STRONG: Final = _CLOSING | {
    "notify of",
    "inline feedbacks",
    "inline feedback",
    "benachrichtige mich bei",
    "inline-feedbacks",
    "notification pour",
    "commentaires en ligne",
    "notificar de",
    "comentarios en línea",
    "уведомить о",
    "межтекстовые отзывы",
}
"""Lines that stand only in the bar above the comments."""
_FORM: Final = frozenset(
    {
        "name*",
        "email*",
        "name *",
        "email *",
        "{} [+]",
        "[+]",
        "{}",
        "connect with",
        "new follow-up comments",
        "new replies to my comments",
        "all new follow-up comments",
        "i allow to use my email address and send notification about new comments and replies (you can unsubscribe at any time).",
        "i allow to create an account",
        "post comment",
    }
)
"""Lines of the form that nobody is called and nobody writes."""
_WEAK: Final = _FORM | {
    "subscribe",
    "login",
    "log in",
    "register",
    "label",
    "website",
    "guest",
    "x",
    "article rating",
    "›",
    "votes",
    "comments",
    "wpdiscuz",
}
"""Lines that belong to the bar only when they stand in it."""
_NONE_YET: Final = frozenset({"be the first to comment!", "be the first to comment", "no comments yet", "no comments"})
_BELOW: Final = _FORM | _NONE_YET
_COUNTED: Final = re.compile(
    r"\(?(\d[\d.,]*)\)? (comments?|comment threads?|thread replies|followers|votes?"
    r"|kommentare?|commentaires?|comentarios?|комментари\w{1,3})"
)
_BAR_LINES: Final = 12
_BAR_GAP: Final = 3


class Bar(NamedTuple):
    """The lines of the bar, first and last."""

    first: int
    last: int
    announced: int | None = None
    """How many comments it announces, where it does."""


class _Stretch(NamedTuple):
    last: int
    labels: frozenset[str]
    announced: int | None


def bar_of(lines: Sequence[str]) -> Bar | None:
    """Return the bar: the stretch with the most different labels, the first of equals; None where there is none.

    An article may quote one label, and a comment may quote all of them, after the bar.
    """
    found: Bar | None = None
    most, at = 0, 0
    while at < len(lines):
        if not (_is_label(lines[at]) or _COUNTED.fullmatch(lines[at].casefold())):
            at += 1
            continue
        stretch = _stretch(lines, at)
        if len(stretch.labels) > most and _is_bar(stretch):
            found, most = Bar(at, stretch.last, stretch.announced), len(stretch.labels)
        at = stretch.last + 1
    return found and found._replace(last=_with_form(lines, found.last))


def _is_bar(stretch: _Stretch) -> bool:
    """``Popular`` or ``Latest`` above an article is its menu; orders beside a number of comments are a bar."""
    return bool(stretch.labels & _STRONG) or (stretch.announced is not None and len(stretch.labels) >= 1)


def _is_label(line: str) -> bool:
    folded = line.casefold()
    return folded in _STRONG or _is_sort_order(folded)


def _is_sort_order(folded: str) -> bool:
    """``Newest Most Voted`` and the like: nothing but names of orders."""
    if not folded or len(folded) > 80:
        return False
    for order in _SORT_ORDERS:
        folded = folded.replace(order, "")
    return not folded.strip(" |/·:,")


def _stretch(lines: Sequence[str], first: int) -> _Stretch:
    """Return the last label of the bar that starts here, the labels in it, and the number of comments it tells."""
    last, near, labels, count = first, first, set[str](), None
    for at in range(first, len(lines)):
        folded = lines[at].casefold()
        if labels & _CLOSING and not lines[at - 1] and folded not in _STRONG:
            # Below an empty line behind its last label, Newest is what somebody writes.
            break
        counted = _COUNTED.fullmatch(folded)
        if counted or _is_label(folded) or folded in _NONE_YET:
            count = _number(counted) if counted and count is None else count
            labels |= {folded} if not counted and folded not in _NONE_YET else set()
            last = near = at
        elif folded in _WEAK:
            # Under the last label of its own, Guest is somebody's name.
            near = at
        elif at - near >= _BAR_GAP:
            break
    return _Stretch(last, frozenset(labels), count)


def _number(counted: re.Match[str]) -> int | None:
    digits = re.sub(r"[.,]", "", counted[1])
    return int(digits) if counted[2].startswith(("comment", "komment", "coment", "коммент")) and len(digits) < 8 else None


def _with_form(lines: Sequence[str], last: int) -> int:
    """Return the last line of what belongs to the bar below its last label: what touches it, fields of the form, a number of comments."""
    for at in range(last + 1, min(last + 1 + _BAR_LINES, len(lines))):
        folded = lines[at].casefold()
        touches = at == last + 1 and folded in _WEAK
        if touches or folded in _BELOW or _COUNTED.fullmatch(folded):
            last = at
        elif folded or at - last > _BAR_GAP:
            break
    return last
