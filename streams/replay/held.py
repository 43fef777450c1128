"""What a log holds at all: what is said where nothing of it lies in a period, because an account of nothing would look like calm."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.ends import bounds_of, newest, oldest
from streams.records import Comment
from streams.replay.order import arrival
from streams.replay.reading import BadLine
from streams.replay.recording import Header
from streams.replay.taken import Asked, arrival_in
from streams.settings import Settings


class Held(Struct, frozen=True):
    """What there is, whenever it arrived."""

    name: str
    """Of a topic or of a file."""
    says: str
    """What it holds, in words."""
    begins: datetime | None = None
    """Where retention has taken what came before: when the oldest messages that are left arrived."""


async def held_by_topic(settings: Settings, topic: str) -> Held:
    """Return what a topic holds, by its oldest and newest messages. UserError where there is no such topic."""
    is_cut = any(bound.first > 0 for bound in (await bounds_of(settings, topic)).values())
    arrived, name = arrival_in(topic), f"topic {topic}"
    ats = [arrived(one) async for one in oldest(settings, topic)] + [arrived(one) async for one in newest(settings, topic)]
    if not ats:
        gone = "it holds nothing any more: retention has taken all" if is_cut else "it holds nothing yet"
        return Held(name, f"{gone}; or is --prefix, or the broker, another?")
    return Held(name, f"its oldest and newest messages arrived {_said(min(ats))} and {_said(max(ats))}", min(ats) if is_cut else None)


def held_by_recording(name: str, header: Header) -> Held:
    """Return what a recording holds, by its first line."""
    is_any = any(part.first is not None for part in header.partitions)
    return Held(name, "what it holds arrived at other times" if is_any else "it is a recording of nothing")


def looked_up(settings: Settings, topic: str) -> Held:
    """Return what a topic holds. UserError where there is no such topic, or no broker."""
    return asyncio.run(reached(settings, held_by_topic(settings, topic)))


def any_arrived(found: Iterable[Comment | BadLine], asked: Asked, held: Callable[[], Held]) -> Iterator[Comment | BadLine]:
    """Yield what was found in a period and its warm-up. UserError where not one comment arrived in the period itself."""
    first, bad, is_any = None, 0, False
    for one in found:
        if isinstance(one, BadLine):
            first, bad = first or (None if one.is_before else one), bad + (not one.is_before)
        elif not is_any:
            is_any = not asked.is_before(arrival(one))
        yield one
    if not is_any:
        raise nothing_in(asked, held()) if first is None else none_readable(asked, held().name, bad, first)


def none_readable(asked: Asked, name: str, count: int, first: BadLine | None = None) -> UserError:
    """Return what is to be said where nothing of a period can be read."""
    lines = "its only message cannot" if count == 1 else f"none of its {count} messages can"
    which = f" (offset {first.line}: {first.detail})" if first else ""
    return UserError(f"{name}: {lines} be read{_between(asked)}{which}")


def nothing_in(asked: Asked, held: Held, unreadable: int = 0) -> UserError:
    """Return what is to be said where there is nothing in a period, or nothing but what cannot be read."""
    if unreadable:
        return none_readable(asked, held.name, unreadable)
    is_gone = held.begins is not None and asked.end is not None and asked.end <= held.begins
    why = "retention has taken what came then, if anything did" if is_gone else f"nothing arrived{_between(asked)}"
    return UserError(f"{held.name}: {why}; {held.says}")


def _between(asked: Asked) -> str:
    start, end = asked.start, asked.end
    return (f" from {_said(start)}" if start else "") + (f" to {_said(end)}" if end else "")


def _said(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
