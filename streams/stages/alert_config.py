"""The knobs of the alert stage, and mutes."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.records import Id, Moment, Name, PileOn

MAX_MUTE: Final = timedelta(days=30)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to tell people, and when not."""

    stale_after: timedelta = timedelta(hours=24)
    """A pile-on is held whose opening reply arrived longer after it was written, or that is told longer after its last hostile reply by
    the log of ``pileons``: backfills page nobody (1 minute to 100 years)."""
    max_opened: Annotated[int, Meta(ge=1, le=1000)] = 20
    """More opened than this within ``storm_window`` in one source is a storm: one alert stands for all."""
    storm_window: timedelta = timedelta(minutes=5)
    """See ``max_opened`` (1 second to 1 day)."""
    storm_length: timedelta = timedelta(minutes=30)
    """A storm ends when the bound was not passed for so long (1 minute to 1 day)."""
    keep_closed: timedelta = timedelta(hours=1)
    """How long what ended is remembered, so that its resolve can be posted again (10 minutes to 7 days)."""

    def __post_init__(self) -> None:
        """Raise ValueError where a duration is out of bounds."""
        _bounded("stale_after", self.stale_after, timedelta(minutes=1), timedelta(days=36_500))
        _bounded("storm_window", self.storm_window, timedelta(seconds=1), timedelta(days=1))
        _bounded("storm_length", self.storm_length, timedelta(minutes=1), timedelta(days=1))
        _bounded("keep_closed", self.keep_closed, timedelta(minutes=10), timedelta(days=7))


def _bounded(name: str, value: timedelta, least: timedelta, most: timedelta) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}, allowed is {least} to {most}")


class Mute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tell nobody of pile-ons on one target or in one conversation for a while. They are still listed and counted."""

    target: Id | None = None
    """The target's id: this or ``conversation``."""
    conversation: Id | None = None
    """Holds a pile-on that lies in this conversation alone."""
    source: Name | None = None
    """Only there; everywhere if absent."""
    community: Name | None = None
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    since: Moment
    until: Moment
    """At most 30 days after ``since``."""
    from_arrival: bool = False
    """Whether the times are those at which a transition comes, as of the console's mutes; else those of what it tells of."""

    def __post_init__(self) -> None:
        """Raise ValueError for a mute of nothing, or of too long."""
        if (self.target is None) == (self.conversation is None):
            raise ValueError("a mute names a target or a conversation, one of them")
        if not timedelta(0) < self.until - self.since <= MAX_MUTE:
            raise ValueError(f"a mute ends after it begins and within {MAX_MUTE.days} days")

    def holds(self, pileon: PileOn, arrived_at: datetime) -> bool:
        """Return whether this transition, which came then, is muted."""
        return self.is_about(pileon) and self.since <= (arrived_at if self.from_arrival else pileon.updated_at) < self.until

    def is_about(self, pileon: PileOn) -> bool:
        """Return whether it mutes this pile-on at some time."""
        if self.source not in (None, pileon.source) or self.community not in (None, pileon.community):
            return False
        return pileon.target_id == self.target or pileon.conversations == (self.conversation,)
