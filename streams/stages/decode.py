"""The one door between bytes and records. Beyond it nothing checks types again."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from streams.records import SCHEMA_VERSION, Comment

MAX_DEPTH_HINT = "nested too deeply"
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Nothing arrived at another time, and beyond the door any arrival can be added to and taken from without overflow."""

_READ: Final = (SCHEMA_VERSION, SCHEMA_VERSION - 1)


class Unreadable(Exception):
    """Bytes that are not the record they should be: a dead letter, never a stop."""

    def __init__(self, reason: "Reason", detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Reason(StrEnum):
    """Why bytes are unreadable: a closed set, because it labels a metric."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    WRONG_TYPE = "wrong_type"
    WRONG_VERSION = "wrong_version"
    TOO_DEEP = "too_deep"


def decoder(record: Any) -> Callable[[bytes | None], Any]:
    """Return a function from bytes to ``record``. It raises Unreadable and nothing else."""
    decode = msgspec.json.Decoder(record).decode
    checked = _checked_comment if record is Comment else checked_version

    def read(value: bytes | None) -> Any:
        if not value:
            raise Unreadable(Reason.EMPTY, "no value")
        try:
            decoded = decode(value)
        except msgspec.ValidationError as error:
            raise Unreadable(Reason.WRONG_TYPE, str(error)) from error
        except RecursionError as error:
            raise Unreadable(Reason.TOO_DEEP, MAX_DEPTH_HINT) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(Reason.NOT_JSON, str(error)) from error
        return checked(decoded)

    return read


def checked_version(record: Any) -> Any:
    """Return the record if this program can read its version: its own and the one before."""
    if record.schema_version not in _READ:
        raise Unreadable(Reason.WRONG_VERSION, f"schema version {record.schema_version}, this program reads {SCHEMA_VERSION}")
    return record


def _checked_comment(record: Any) -> Any:
    return checked_arrival(checked_version(record))


def checked_arrival(record: Any) -> Any:
    """Return the record unless it is a comment that claims to have arrived before 1900 or after 9000.

    When it was written may be any lie: that is held against the arrival.
    """
    if isinstance(record, Comment) and record.ingested_at is not None and not EARLIEST <= record.ingested_at < LATEST:
        raise Unreadable(Reason.WRONG_TYPE, f"ingested_at is out of range: {record.ingested_at.isoformat()}")
    return record
