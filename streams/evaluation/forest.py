"""Real trees made ready to be measured: through the program's own scorer and address stage, split by target, with what was put in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from streams.evaluation.raids import Raid
from streams.evaluation.site import Site, Watched, fitted_on, known, watched_of
from streams.evaluation.stream import NO_TEXT, Event, Floats, Part, Stream
from streams.records import Comment, Reply
from streams.replay.run import results, run
from streams.scorers import Scorer
from streams.stages.address import Address
from streams.stages.instants import micros
from streams.stages.score import Score
from streams.stages.step import Arrived

Target = tuple[str, str, str]
"""Source, community, target id."""
FIRST_REVISION: Final = 1


@dataclass(frozen=True, kw_only=True)
class Trees:
    """People of real trees, each with the replies to them."""

    keys: tuple[Target, ...]
    watched: tuple[Watched, ...]
    replies: tuple[tuple[Reply, ...], ...]
    """Row by row as in the streams."""

    def half(self, number: int) -> "Trees":
        """Return every other person, in the order of their names."""
        part = slice(number, None, 2)
        return Trees(keys=self.keys[part], watched=self.watched[part], replies=self.replies[part])


def replies(every: Sequence[Comment], scorer: Scorer) -> list[Reply]:
    """Return what the program makes of the comments: the first revision of each reply to a known person, in the order of writing."""
    ordered = sorted(every, key=lambda comment: (comment.created_at, comment.comment_id))
    given = results(run((Score(scorer), Address()), (Arrived(each, each.created_at) for each in ordered))).outputs["address"]
    kept = (one for one in given if one.revision == FIRST_REVISION and not one.target_id.startswith("comment:"))
    return sorted((one for one in kept if one.author_id != one.target_id), key=lambda one: (one.created_at, one.comment_id))


def trees(given: Iterable[Reply], raids: Mapping[Target, Raid] | None = None) -> Trees:
    """Return the people who are answered; ``raids`` says into whose streams what was put."""
    numbers: dict[str, int] = {}
    to: dict[Target, list[Reply]] = defaultdict(list)
    for reply in given:
        numbers.setdefault(_author(reply), len(numbers))
        to[reply.source, reply.community, reply.target_id].append(reply)
    keys = tuple(sorted(to))
    streams = [_stream(place, to[key], numbers, (raids or {}).get(key)) for place, key in enumerate(keys)]
    first_day = known(zip(each.author.tolist(), each.at.tolist(), strict=True) for each in streams)
    return Trees(keys=keys, watched=tuple(watched_of(each, first_day) for each in streams), replies=tuple(tuple(to[key]) for key in keys))


def _author(reply: Reply) -> str:
    # All unknown authors of one conversation count as one.
    return f"{reply.source}:{reply.author_id}" if reply.author_id is not None else f"?{reply.source}:{reply.conversation_id}"


def _stream(place: int, given: Sequence[Reply], numbers: Mapping[str, int], raid: Raid | None) -> Stream:
    talks: dict[str, int] = {}
    part = np.array([Part.LIFE if raid is None else raid.part(reply.comment_id) for reply in given], np.int64)
    at = np.array([micros(reply.created_at) for reply in given], np.int64)
    return Stream(
        target=place, at=at, author=np.array([numbers[_author(reply)] for reply in given], np.int64),
        x=np.array([reply.hostility for reply in given]), part=part, text=np.full(len(given), NO_TEXT),
        conversation=np.array([talks.setdefault(reply.conversation_id, len(talks) + 1) for reply in given], np.int64),
        events=() if raid is None else _events(at, part, raid),
    )  # fmt: skip


def _events(at: np.ndarray, part: np.ndarray, raid: Raid) -> tuple[Event, ...]:
    theirs = at[part == (Part.ATTACKER if raid.is_attack else Part.CROWD)]
    if not theirs.size:
        return ()
    hostile = raid.hostile_authors if raid.is_attack else 0
    event = Event(kind=raid.kind, is_attack=raid.is_attack, begin=int(theirs.min()), end=int(theirs.max()), hostile_authors=hostile)
    return (event,)


def site_of(those: Trees, taught_by: Trees, nominal: Site) -> Site:
    """Return the people as if they lived on the simulated site: its N, and so its α, with what is usual for others of their own kind."""
    return replace(nominal, watched=those.watched, prior=fitted_on(taught_by.watched, None))


def with_hostility(those: Trees, x: Sequence[Floats]) -> Trees:
    """Return the people with other hostility, row by row."""
    return replace(those, watched=tuple(_said(one, now) for one, now in zip(those.watched, x, strict=True)))


def dealt_anew(those: Trees, chance: np.random.Generator) -> Trees:
    """Return the people with all x dealt anew: no reply's hostility knows of any other's."""
    x = chance.permutation(np.concatenate([one.stream.x for one in those.watched]))
    return with_hostility(those, np.split(x, np.cumsum([len(one.stream) for one in those.watched])[:-1]))


def _said(one: Watched, x: Floats) -> Watched:
    stream = replace(one.stream, x=x)
    # Who counts depends on who was hostile before; who is new does not.
    return replace(watched_of(stream, dict.fromkeys(stream.author.tolist(), 0)), is_new=one.is_new)
