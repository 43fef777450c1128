"""Instants and durations as whole microseconds: exact, small, and they never overflow when added."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Return microseconds since 1970 of an aware instant."""
    since = at - EPOCH  # not by ``span``: this is asked of every record
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def span(length: timedelta) -> int:
    """Return a duration in whole microseconds."""
    return (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds


def instant(since_1970: int) -> datetime:
    """Return the aware instant of so many microseconds since 1970, held within what a datetime can say."""
    if since_1970 >= _LAST_MICROS:
        return _LAST
    return EPOCH + timedelta(microseconds=since_1970) if since_1970 > _FIRST_MICROS else _FIRST


_LAST_MICROS: Final = micros(_LAST)
_FIRST_MICROS: Final = micros(_FIRST)
