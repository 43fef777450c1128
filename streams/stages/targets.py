"""Who is piled on most: a summary over replies, for ``targets.jsonl``. Pure; open pile-ons are told from outside."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.records import Action, DeletedBy, Reply
from streams.stages.episode import NEVER_HOSTILE

SURELY: Final = 0.5
DOUBTFUL: Final = 0.1
"""Below that a reply is as good as civil: many of them make somebody popular, and nobody to be watched."""
SEVERE: Final = 0.9
UNKNOWN_WATCHED: Final = 8
"""So many hostile replies by unknown people are never silently calm."""
_WHY_NOT: Final = "a language that the scorer was not taught, or a text that it died of (`abstained` in comments.scored says which)"

Target = tuple[str, str, str]
"""Source, community, target id."""


class Condition(StrEnum):
    """How a target is."""

    OPEN = "open"
    """A pile-on is open, or opened in what was read."""
    WATCH = "watch"
    """At least half of the least that opens one, or a severe reply, or many hostile replies by people unknown."""
    UNKNOWN = "unknown"
    """No reason to watch, and most replies were not scored: nobody knows how they are."""
    CALM = "calm"


class TargetSummary(Struct, frozen=True, kw_only=True):
    """One line of ``targets.jsonl``."""

    source: str
    community: str
    target_id: str
    hostile_authors: Annotated[float, Meta(ge=0)]
    """Soft count: the sum over authors of their largest hostility, to 4 places."""
    surely_hostile_authors: int
    """Authors whose largest hostility is at least 0.5."""
    replies: int
    severe: int
    """Replies of hostility at least 0.9."""
    status: Condition
    why: str
    """The status in a sentence: how many are surely hostile, and how many open a pile-on."""


def soft_counts(replies: Iterable[Reply], piled_on: Collection[Target] = (), min_hostile_authors: int = 4) -> list[TargetSummary]:
    """Return one summary per target, most hostile people first (ties: by surely hostile, replies, then id).

    Of each comment and target the latest revision counts; what authors took back, the target's own replies, bots and
    moderators do not. All unknown authors of one conversation count as one.
    """
    latest: dict[tuple[Target, str], Reply] = {}
    for reply in replies:
        place = ((reply.source, reply.community, reply.target_id), reply.comment_id)
        if place not in latest or reply.revision > latest[place].revision:
            latest[place] = _kept(latest.get(place), reply)
    by_target: dict[Target, list[Reply]] = {}
    for (target, _), reply in latest.items():
        if _qualifies(reply):
            by_target.setdefault(target, []).append(reply)
    summaries = [_summary(target, of_target, target in piled_on, min_hostile_authors) for target, of_target in by_target.items()]
    return sorted(summaries, key=_worst_first)


def _kept(before: Reply | None, now: Reply) -> Reply:
    """What a moderator removes stays counted as it was."""
    moderated = now.action is Action.DELETED and now.deleted_by is DeletedBy.MODERATOR
    return before if moderated and before is not None else now


def _qualifies(reply: Reply) -> bool:
    if reply.action is Action.DELETED or reply.author_id == reply.target_id:
        return False
    return reply.author_role not in NEVER_HOSTILE


def _summary(target: Target, replies: list[Reply], is_open: bool, floor: int) -> TargetSummary:
    largest: dict[tuple[str, str], float] = {}
    for reply in replies:
        author = ("unknown in", reply.conversation_id) if reply.author_id is None else ("author", reply.author_id)
        largest[author] = max(largest.get(author, 0.0), reply.hostility)
    soft = round(sum(sorted(largest.values())), 4)  # sorted: floats add up the same in any order of arrival
    found = _Found(
        people=len(largest), surely=sum(1 for hostility in largest.values() if hostility >= SURELY),
        doubtful=sum(sorted(hostility for hostility in largest.values() if hostility >= DOUBTFUL)),
        severe=sum(1 for reply in replies if reply.hostility >= SEVERE),
        unknown=sum(1 for reply in replies if reply.author_id is None and reply.hostility >= SURELY),
        replies=len(replies), unscored=sum(reply.is_unscored for reply in replies),
    )  # fmt: skip
    reason = found.to_watch(floor)
    status = Condition.OPEN if is_open else Condition.WATCH if reason else found.otherwise()
    source, community, target_id = target
    return TargetSummary(
        source=source, community=community, target_id=target_id, hostile_authors=soft, surely_hostile_authors=found.surely,
        replies=len(replies), severe=found.severe, status=status, why=found.why(status, reason, floor),
    )  # fmt: skip


class _Found(Struct, frozen=True):
    people: int
    surely: int
    doubtful: float
    """Hostile people with the doubtful ones counted in part."""
    severe: int
    unknown: int
    replies: int
    unscored: int

    def otherwise(self) -> Condition:
        """Return how somebody is whom there is no reason to watch."""
        return Condition.UNKNOWN if 2 * self.unscored > self.replies else Condition.CALM

    def to_watch(self, floor: int) -> str:
        """Return why this person should be watched; empty if there is no reason."""
        bound = floor * SURELY / 2  # so many people who are just surely hostile open one: half of that
        if self.doubtful >= bound:
            return f"with doubtful people counted in part {self.doubtful:.1f} are hostile, and from {bound:.1f} on somebody is watched"
        if self.severe:
            return f"{_replies(self.severe)} of at least {SEVERE}, and one is enough to watch"
        if self.unknown >= UNKNOWN_WATCHED:
            return f"{_replies(self.unknown)} by people unknown, who may be many or one"
        return ""

    def why(self, status: Condition, reason: str, floor: int) -> str:
        """Return a status in a sentence."""
        counted = f"{self.surely} of {self.people} people who answered {'is' if self.surely == 1 else 'are'} surely hostile"
        if status is Condition.OPEN:
            return f"a pile-on opened: {counted}{self._left_out()}"
        is_below = self.surely < floor
        below = (
            f"below the floor of {floor} that a pile-on needs"
            if is_below
            else f"the floor of {floor} is reached, the rest of the rule is not, or the pile-on has ended"
        )
        if status is Condition.WATCH:
            return f"watched, no pile-on: {counted}, {below}; {reason}{self._left_out()}"
        return f"{status}: {counted}, {below}; counting doubtful ones in part, {self.doubtful:.1f}{self._left_out()}"

    def _left_out(self) -> str:
        if not self.unscored:
            return ""
        return f"; {self.unscored} of {self.replies} replies were not scored: {_WHY_NOT}"


def _replies(number: int) -> str:
    return "1 hostile reply" if number == 1 else f"{number} hostile replies"


def _worst_first(summary: TargetSummary) -> tuple[float, int, int, str, str, str]:
    return (-summary.hostile_authors, -summary.surely_hostile_authors, -summary.replies,
            summary.source, summary.community, summary.target_id)  # fmt: skip
