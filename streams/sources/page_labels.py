"""The widget's own words on a flattened comment page, and the cut between article, comments and what follows.

Everything here is about the widget (wpDiscuz and its like), nothing about one page: labels are compared as whole lines, folded
to lower case, so that a comment which merely contains such a word stays a comment.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_SORT_ORDERS: Final = ("most voted", "most reacted", "newest", "oldest", "hottest", "best", "latest", "popular", "sort by", "recent")
_STRONG: Final = frozenset(
    {
        "notify of",
        "inline feedbacks",
        "inline feedback",
        "view all comments",
        "benachrichtige mich bei",
        "inline-feedbacks",
        "alle kommentare anzeigen",
        "notification pour",
        "commentaires en ligne",
        "afficher tous les commentaires",
        "voir tous les commentaires",
        "notificar de",
        "comentarios en línea",
        "ver todos los comentarios",
        "уведомить о",
        "межтекстовые отзывы",
        "посмотреть все комментарии",
    }
)
"""Lines that stand only in the bar above the comments."""
_WEAK: Final = frozenset(
    {
        "subscribe",
        "login",
        "log in",
        "label",
        "{} [+]",
        "name*",
        "email*",
        "website",
        "connect with",
        "guest",
        "x",
        "{}",
        "[+]",
        "new follow-up comments",
        "new replies to my comments",
        "all new follow-up comments",
        "article rating",
        "›",
        "votes",
        "i allow to use my email address and send notification about new comments and replies (you can unsubscribe at any time).",
    }
)
"""Lines that belong to the bar only when they stand in it."""
_NONE_YET: Final = frozenset({"be the first to comment!", "be the first to comment", "no comments yet", "no comments"})
_COUNTED: Final = re.compile(
    r"\d[\d.,]* (?:comments?|comment threads?|thread replies|followers|votes?|kommentare?|commentaires?|comentarios?)"
)
_FOOTER: Final = ("would love your thoughts, please comment",)
_TAIL: Final = frozenset(
    {"insert", "wpdiscuz", "load more comments", "you are going to send email to", "move comment", "show more comments"}
)
_MORE: Final = frozenset({"load more comments", "show more comments", "view more comments"})
_WEAK_TAIL: Final = frozenset({"x", "()", "( )", "| reply", "|reply", "reply", "|", "{}", "[+]", "0"})
_PER_COMMENT: Final = re.compile(
    r"reply|\| reply|view replies ?\(\d+\)|hide replies(?: ?\(\d+\))?|view \d+ repl(?:y|ies)|show \d+ repl(?:y|ies)"
    r"|load more comments|show more comments|last edited .{1,40} ago by .{1,80}",
)
_OFTEN: Final = re.compile(
    r"(?:\d{1,3}|an?) (?:second|minute|hour|day|week|month|year)s? ago|(?:reply to|in reply to) .{1,80}|share|vote (?:up|down)"
)
_NUMBER: Final = re.compile(r"[-−]?\d{1,6}")
"""A counter. Not ``+1``: that is what people write."""
_BAR_LINES: Final = 12
_BAR_GAP: Final = 3
_OFTEN_AT_LEAST: Final = 3


class Block(NamedTuple):
    """Lines that stand together, and how they are set off from what came before."""

    text: str
    gap: int
    """Empty lines before it; 0 for the first."""
    after_label: bool = False
    """A label that ends a comment (Reply, View Replies) stood between the block before and this one."""


class Region(NamedTuple):
    """A page cut in two: the lines above the widget's bar, and the blocks of comments below it."""

    article: tuple[str, ...]
    blocks: tuple[Block, ...]
    replies_are_labelled: bool
    """Each comment ends with a label of its own."""
    gap_after: int | None = None
    """Empty lines between the last block and the invitation to comment; None where that is not known."""


def region_of(text: str) -> Region | None:
    """Return the comments' blocks, without any label; None where no comment widget's bar is found."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    bar = _bar(lines)
    if bar is None:
        return None
    first, last = bar
    end, invited = _end(lines, last + 1)
    body = lines[last + 1 : end]
    labels = _labels_between(body)
    blocks = tuple(_blocks(body, labels))
    replies = sum(body[at].casefold() in ("reply", "| reply") for at in labels)
    gap_after = _empty_at_end(body) if invited and not labels else None
    return Region(tuple(lines[:first]), blocks, replies >= _OFTEN_AT_LEAST, gap_after)


def _empty_at_end(lines: Sequence[str]) -> int:
    return next((at for at, line in enumerate(reversed(lines)) if line), len(lines))


def is_bar_label(line: str) -> bool:
    """Say whether a line is one of the bar's own: a sort order, or one of its fixed labels."""
    folded = line.casefold()
    return folded in _STRONG or _is_sort_order(folded)


def _is_sort_order(folded: str) -> bool:
    """``Newest Most Voted`` and the like: nothing but names of orders."""
    if not folded or len(folded) > 80:
        return False
    for order in _SORT_ORDERS:
        folded = folded.replace(order, "")
    return not folded.strip(" |/·:,")


def _bar(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return the first and last line of the bar: the stretch with the most different labels, the first of equals.

    An article may quote one label, and a comment may quote all of them, after the bar.
    """
    found: tuple[int, int] | None = None
    most, at = 0, 0
    while at < len(lines):
        if not is_bar_label(lines[at]) or (most == 0 and _is_lone_sort_order(lines, at)):
            at += 1
            continue
        last, labels = _stretch(lines, at)
        if len(labels) > most:
            found, most = (at, last), len(labels)
        at = last + 1
    return found


def _is_lone_sort_order(lines: Sequence[str], at: int) -> bool:
    """``Popular`` or ``Latest`` above an article is its menu, not the comments' bar."""
    return lines[at].casefold() not in _STRONG and not any(line.casefold() in _STRONG for line in lines[at + 1 : at + 1 + _BAR_LINES])


def _stretch(lines: Sequence[str], first: int) -> tuple[int, set[str]]:
    """Return the last label of the bar that starts here, and the labels in it."""
    last, near, labels = first, first, set[str]()
    for at in range(first, len(lines)):
        folded = lines[at].casefold()
        if is_bar_label(folded):
            labels.add(folded)
            last = near = at
        elif folded in _NONE_YET or _COUNTED.fullmatch(folded):
            last = near = at
        elif folded in _WEAK:
            # Under the last label of its own, Guest is somebody's name.
            near = at
        elif at - near >= _BAR_GAP:
            break
    return last, labels


def _end(lines: Sequence[str], start: int) -> tuple[int, bool]:
    """Return where the comments end, and whether that is right above the invitation to comment (the last one counts)."""
    for at in range(len(lines) - 1, start - 1, -1):
        if lines[at].casefold().startswith(_FOOTER) and len(lines[at]) < 60:
            end = _without_counters(lines, start, at)
            return end, end == at
    for at in range(len(lines) - 1, start - 1, -1):
        # Below its button for more there is the site again: "you might also like", the imprint.
        if lines[at].casefold() in _MORE:
            return _without_tail(lines[:at], start), False
    return _without_tail(lines, start), False


def _without_counters(lines: Sequence[str], start: int, end: int) -> int:
    """Drop numbers that stand right above the invitation: two or more, or one that touches it."""
    at, counters = end, 0
    while at > start and (not lines[at - 1] or _NUMBER.fullmatch(lines[at - 1])):
        counters += bool(lines[at - 1])
        at -= 1
    touches = end > start and bool(lines[end - 1])
    return at if counters >= 2 or (counters and touches) else end


def _without_tail(lines: Sequence[str], start: int) -> int:
    """Drop the labels at the very end, if one of them can be nothing else."""
    at, certain = len(lines), False
    while at > start and (not lines[at - 1] or lines[at - 1].casefold() in _TAIL | _WEAK_TAIL):
        certain = certain or lines[at - 1].casefold() in _TAIL
        at -= 1
    return at if certain else len(lines)


def _labels_between(lines: Sequence[str]) -> frozenset[int]:
    """Return which lines are labels that the widget repeats between comments.

    Reply and its like always are; times and ``Reply to …`` only where they come often; numbers only beside another label.
    """
    folded = [line.casefold() for line in lines]
    labels = {at for at, line in enumerate(folded) if _PER_COMMENT.fullmatch(line)}
    often = {at for at, line in enumerate(folded) if _OFTEN.fullmatch(line)}
    if len(labels) + len(often) < _OFTEN_AT_LEAST:
        return frozenset(labels)
    if len(often) >= _OFTEN_AT_LEAST:
        labels |= often
    counters = {at for at in range(len(lines)) if _is_counter(lines, at, labels)}
    # A page that counts votes counts them under most comments: a lone ``+1`` is somebody's comment.
    return frozenset(labels | counters if 3 * len(counters) >= len(labels) else labels)


def _is_counter(lines: Sequence[str], at: int, labels: set[int]) -> bool:
    """A number beside a label, with at most one empty line between, counts votes."""
    if not _NUMBER.fullmatch(lines[at]):
        return False
    return any(near in labels and not any(lines[min(at, near) + 1 : max(at, near)]) for near in (at - 2, at - 1, at + 1, at + 2))


def _blocks(lines: Sequence[str], labels: frozenset[int]) -> Iterator[Block]:
    """Yield the blocks; a label counts as one with the emptiness around it, so that it widens no gap."""
    together: list[str] = []
    gap = 0
    before = (0, False)
    crossed = False
    wider = 0
    for at, line in enumerate((*lines, "")):
        if line and at not in labels:
            if not together:
                before = (max(wider + gap, 1) if crossed else gap, crossed)
            together.append(line)
            continue
        if together:
            yield Block("\n".join(together), *before)
            together, gap, wider, crossed = [], 0, 0, False
        if line:
            wider, gap, crossed = wider + max(0, gap - 1), 0, True
        else:
            gap += 1
