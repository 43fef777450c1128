"""What the widget repeats between the comments of a flattened page: Reply, votes, times; which lines, and what they tell.

A label is taken for one only where the page has it often: somebody may well write ``Reply``.
"""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from streams.sources.page_foot import MORE

_REPLY: Final = re.compile(
    r"(?:\d{1,6} ?)?\|? ?(?:reply|respond|antworten|répondre|responder|ответить) ?\|?|vote up ?[-−+]?\d{0,6} ?vote down(?: {1,4}reply)?"
)
_TO: Final = re.compile(r"(?:reply|in reply|replying) to +(.{1,80})")
_ROLE: Final = re.compile(
    r"guest|author|admin|administrator|editor|moderator|mod|staff|subscriber|contributor|customer|invité|auteur|gast|autor|mitglied|гость"
    r"|(?:(?:new|active|trusted|estimable|noble|prominent|reputable|honorable|famed|illustrious|eminent) )?member"
)
"""What the widget calls a commenter, above the name."""
_ROLES_AT_LEAST: Final = 3
_SURE: Final = re.compile(
    r"view replies ?\(\d+\)|hide replies(?: ?\(\d+\))?|(?:view|show|hide|load) \d+ (?:more )?(?:replies|reply|comments)"
    r"|(?:view|show|load) (?:more|all|previous) replies|last edited .{1,40} ago by .{1,80}"
)
_OTHERS: Final = re.compile(
    r"share|report|flag|edit|delete|like|quote|permalink|link|vote (?:up|down)|upvote|downvote|up|down|hide replies ∧|-|\|"
)
_MONTH: Final = r"[^\W\d_]{3,12}\.?"
_CLOCK: Final = r"(?:,? (?:at )?\d{1,2}:\d\d(?::\d\d)? ?(?:am|pm|[ap]\.m\.)?)"
_TIME: Final = re.compile(
    rf"(?:(?:about |posted |edited )?(?:\d{{1,3}}|an?) (?:second|minute|hour|day|week|month|year)s?"
    r"(?:,? \d{1,2} [a-z]{3,7}s?)? ago|just now|yesterday"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d{_CLOCK}?|\d{{1,2}}\.? {_MONTH},? (?:19|20)\d\d{_CLOCK}?"
    rf"|(?:\d{{1,2}}[./-]){{2}}(?:19|20)?\d\d{_CLOCK}?|(?:19|20)\d\d[./-]\d\d[./-]\d\d{_CLOCK}?"
    r"|vor (?:\d{1,3}|einem|einer) [^\W\d_]{3,8}|il y a \d{1,3} [^\W\d_]{2,8}|hace \d{1,3} [^\W\d_]{3,8}|\d{1,3} [^\W\d_]{3,8} назад)"
)
_NUMBER: Final = re.compile(r"[-−+]?\d{1,6}")
_OFTEN_AT_LEAST: Final = 3
_COUNTERS_AT_MOST: Final = 3
_LONGEST: Final = 130
_SAYS_ENOUGH: Final = 200
_PER_LABEL: Final = 12
"""Of so many lines, one at least must be the label, or people write it."""


class Label(IntEnum):
    """What a line of the widget tells."""

    NONE = 0
    """It is no label."""
    ENDS = 1
    """A comment ends above it."""
    HEADS = 2
    """A comment's text begins below it: the time under a name."""
    BEGINS = 3
    """A comment begins with it: what the widget calls a commenter, above the name."""


def labels_of(lines: Sequence[str]) -> list[Label]:
    """Return what each line is to the widget."""
    folded = [line.casefold() if len(line) <= _LONGEST else "" for line in lines]
    written = sum(map(bool, lines))
    replies, times, to, others, roles = (_often(folded, form, written) for form in (_REPLY, _TIME, _TO, _OTHERS, _ROLE))
    roles = roles if len(roles) >= _ROLES_AT_LEAST else set()
    answers = _answers(folded)
    sure = {at for at, line in enumerate(folded) if line in MORE or _SURE.fullmatch(line)}
    labels = replies | times | to | others | roles | answers | sure
    labels |= _counters(lines, replies, labels) | _counters(lines, labels - replies, labels)
    heads = answers | (times | to if _times_head(lines, times, labels, replies) else set[int]())
    role = Label.HEADS if _roles_head(lines, roles, labels) else Label.BEGINS
    kinds = dict.fromkeys(labels, Label.ENDS) | dict.fromkeys(heads, Label.HEADS) | dict.fromkeys(roles, role)
    return [kinds.get(at, Label.NONE) for at in range(len(lines))]


def addressee(label: str) -> str | None:
    """Return whom ``Reply to NAME`` names; None for any other label."""
    found = _TO.fullmatch(label) or _TO.fullmatch(label.casefold())
    return None if found is None else label[found.start(1) :].strip()


def _answers(folded: Sequence[str]) -> set[int]:
    """Return where ``Reply to NAME`` stands and NAME has a line of its own above: that is the widget's, however rare."""
    found, above = set(), set[str]()
    for at, line in enumerate(folded):
        if (to := _TO.fullmatch(line)) and to[1].strip() in above:
            found.add(at)
        above.add(line)
    return found


def _roles_head(lines: Sequence[str], roles: set[int], labels: set[int]) -> bool:
    """Say whether roles stand below names and above texts, and not above names: texts are longer than names."""
    votes = 0
    said = [at for at, line in enumerate(lines) if line and at not in labels]
    for at in roles:
        after = bisect(said, at)
        above = len(lines[said[after - 1]]) if after else 0
        below = len(lines[said[after]]) if after < len(said) else 0
        votes += (below > above > 0) - (below < above or not above)
    return votes > 0


def _often(folded: Sequence[str], form: re.Pattern[str], written: int) -> set[int]:
    """Return where a label stands, if the page has it often enough for one."""
    found = {at for at, line in enumerate(folded) if line and form.fullmatch(line)}
    if form is not _OTHERS:
        return found if len(found) * _PER_LABEL >= written else set()
    kinds = Counter(folded[at] for at in found)
    often = {kind for kind, count in kinds.items() if count >= _OFTEN_AT_LEAST and count * _PER_LABEL >= written}
    return {at for at in found if folded[at] in often}


def _counters(lines: Sequence[str], beside: set[int], labels: set[int]) -> set[int]:
    """Return the numbers beside some of the labels that count votes, as many at each as are usual on the page.

    A page that counts votes counts them under most comments: a lone ``+1`` is somebody's comment.
    """
    before = [list(_numbers(lines, at, -1)) for at in beside if not labels & {at - 1, at - 2}]
    behind = [list(_numbers(lines, at, 1)) for at in beside if not labels & {at + 1, at + 2}]
    return _usual(before) | _usual(behind)


def _numbers(lines: Sequence[str], at: int, step: int) -> Iterator[int]:
    """Yield where numbers stand beside this label, on one side, with at most one empty line between."""
    for _ in range(_COUNTERS_AT_MOST):
        at += step
        if 0 <= at < len(lines) and not lines[at]:
            at += step
        if not (0 <= at < len(lines) and _NUMBER.fullmatch(lines[at])):
            return
        yield at


def _usual(beside: Sequence[Sequence[int]]) -> set[int]:
    counted = Counter(map(len, beside))
    some = len(beside) - counted.pop(0, 0)
    if 3 * some < len(beside) or not some:
        return set()
    most = max(count for count, times in counted.items() if 3 * times >= some)
    return {at for found in beside for at in found[:most]}


def _times_head(lines: Sequence[str], times: set[int], labels: set[int], replies: set[int]) -> bool:
    """Say whether times stand under names, above the text, and not below it.

    The first text decides, if a time stands above it with nothing else. With Reply on the page, times that stand apart from it are
    not below a text. Without Reply, what is longer is the text.
    """
    apart, longer, above, replied, waiting = 0, 0, 0, False, False
    for at, line in enumerate(lines):
        if at in times:
            apart += not replied
            longer -= above
            waiting = True
            if not above:
                return True
        elif at in labels:
            if at in replies and waiting:
                apart -= 1
            replied = replied or at in replies
            waiting = False if at in replies else waiting
        elif line:
            longer += min(len(line), _SAYS_ENOUGH) if waiting else 0
            above, replied, waiting = min(len(line), _SAYS_ENOUGH), False, False
    return (5 * apart > len(times)) if replies else longer > 0
