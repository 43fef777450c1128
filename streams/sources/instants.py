"""Times as sources write them: ISO 8601 with or without a zone, and seconds or milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2200
_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,12})?")
_UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
"""Below this number, so many a second: until the year 5138 no two units can be mistaken for one another after 1973."""
_ISO_AT_MOST: Final = 64


def instant(value: Any) -> datetime:
    """Return an aware UTC time. Without a zone it is UTC (WordPress and many exports leave the Z out).

    Raises ValueError that says what is wrong, in words.
    """
    text = str(value).strip() if isinstance(value, str | float) else ""
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked(_from_number(value))
    if isinstance(value, float) or _NUMBER.fullmatch(text):
        return _checked(_from_number(float(text)))
    return _checked(_from_iso(text))


def _from_number(number: float) -> datetime:
    for below, per_second in _UNITS:
        # Compared before it is divided: a JSON number may have thousands of digits.
        if abs(number) < below:
            # Not fromtimestamp: it depends on the platform's range. Whole microseconds, so that equal numbers give equal times.
            return _EPOCH + timedelta(microseconds=round(number * (1e6 / per_second)))
    raise ValueError("is no time: the number is too large for seconds, milli-, micro- or nanoseconds since 1970")


def _from_iso(text: str) -> datetime:
    if len(text) > _ISO_AT_MOST:
        raise ValueError("is no time: it is too long")
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC").removesuffix(" GMT"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no time: ISO 8601 or seconds or milliseconds since 1970 are wanted") from error


def _checked(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"is no time of a comment: the year would be {moment.year}")
    return moment
