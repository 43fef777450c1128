"""Where the comments of a flattened page end: above the invitation to comment, the button for more, or the rest of the site."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

_INVITATION: Final = ("would love your thoughts, please comment",)
_TAIL: Final = frozenset({"insert", "wpdiscuz", "you are going to send email to", "move comment"})
MORE: Final = frozenset({"load more comments", "show more comments", "view more comments", "load more"})
"""Buttons for more comments."""
_WEAK_TAIL: Final = frozenset({"x", "()", "( )", "| reply", "|reply", "reply", "|", "{}", "[+]", "0", "subscribe", "login"})
_SITE: Final = re.compile(
    r"(?:you (?:might|may) also (?:like|enjoy|be interested in)"
    r"|(?:related|similar|recent|latest|popular|more|other|trending|recommended) "
    r"(?:articles?|posts?|news|stories|story|reading|content|videos|topics)"
    r"|more (?:from|on|in|about) .{1,60}|recommended(?: for you)?"
    r"|read (?:more|also|next)|see also|also read|(?:previous|next|prev) (?:article|post|story)"
    r"|most (?:popular|read|viewed|commented|shared)"
    r"|leave a (?:reply|comment)|(?:post|add|write) a comment|your email address will not be published\..{0,60}|trending(?: now)?"
    r"|share this(?: article| post| story)?|about (?:us|the author)|contact(?: us)?|privacy policy|terms of (?:use|service)|imprint"
    r"|cookie policy|follow us.{0,30}|newsletter|sign up for .{1,60}newsletter.{0,20}|advertisement|sponsored(?: content)?|tags:?.{0,80}"
    r"|filed under.{0,80}|back to top|das könnte sie auch interessieren|ähnliche artikel|articles similaires|artículos relacionados"
    r"|читайте также|похожие (?:статьи|записи))[:.…]?"
)
"""Headings and links that a site puts below its comments; whole lines, in lower case."""
_COPYRIGHT: Final = re.compile(
    r"(?:copyright\b|©|\(c\) ).{0,120}|.{0,120}all rights reserved.{0,40}|powered by .{1,60}|designed by .{1,60}"
)
_NUMBER: Final = re.compile(r"[-−]?\d{1,6}")
"""A counter. Not ``+1``: that is what people write."""
_ENDS: Final = (".", "!", "?", "…", ")", "”", '"', "。", "！", "？")
_SENTENCE_WORDS: Final = 5
_NAME_LENGTH: Final = 40


class End(NamedTuple):
    """Where the comments end."""

    at: int
    """The first line that is no comment's."""
    invited: bool
    """It is right above the invitation to comment, so that empty lines before it belong to the comments."""


def end_of(lines: Sequence[str], start: int) -> End:
    """Return where the comments that begin at ``start`` end; the last invitation to comment counts, then a button, then the site."""
    for at in range(len(lines) - 1, start - 1, -1):
        if lines[at].casefold().startswith(_INVITATION) and len(lines[at]) < 60:
            end = _without_counters(lines, start, at)
            return End(end, end == at)
    end = _above_the_site(lines, start)
    return End(_without_tail(lines[:end], start), invited=False)


def _above_the_site(lines: Sequence[str], start: int) -> int:
    """Return the first line of the site's own at the end: of its headings, the highest below which nobody comments any more."""
    end = len(lines)
    first = _first_places(lines, start)
    for at in range(len(lines) - 1, start - 1, -1):
        if lines[at].casefold() in MORE or _is_sites(lines[at]):
            if _are_comments(lines[at + 1 : end], first, at):
                break
            end = at
    return end


def _first_places(lines: Sequence[str], start: int) -> dict[str, int]:
    """Return where each line that is short enough for a name stands first."""
    first: dict[str, int] = {}
    for at in range(start, len(lines)):
        if lines[at] and len(lines[at]) <= _NAME_LENGTH and not _NUMBER.fullmatch(lines[at]):
            first.setdefault(lines[at], at)
    return first


def _are_comments(lines: Sequence[str], first: Mapping[str, int], below: int) -> bool:
    """Say whether people talk here: somebody who wrote above is back, or much of it are sentences, as no list of headings has them."""
    written = [line for line in lines if line]
    if any(first.get(line, below) < below for line in written):
        return True
    sentences = sum(line.endswith(_ENDS) and len(line.split()) >= _SENTENCE_WORDS for line in written)
    return 0 < len(written) <= 3 * sentences


def _is_sites(line: str) -> bool:
    folded = line.casefold()
    return len(folded) <= 160 and bool(_SITE.fullmatch(folded) or _COPYRIGHT.fullmatch(folded))


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
    while at > start and (not lines[at - 1] or lines[at - 1].casefold() in _TAIL | MORE | _WEAK_TAIL):
        certain = certain or lines[at - 1].casefold() in _TAIL | MORE
        at -= 1
    return at if certain else len(lines)
