"""Rows of a file (JSON objects, CSV lines) as comments: which column is which field, and why a row is not a comment. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.records import Action, Comment
from streams.sources.instants import instant

FIELDS: Final = tuple(field for field in Comment.__struct_fields__ if field != "schema_version")
REQUIRED: Final = ("source", "community", "conversation_id", "comment_id", "created_at")
_TIMES: Final = frozenset({"created_at", "edited_at", "ingested_at"})
_IDS: Final = frozenset(
    {
        "source",
        "community",
        "conversation_id",
        "conversation_author_id",
        "comment_id",
        "parent_id",
        "author_id",
        "author_name",
        "reply_to_author_id",
    }
)
_WORDS: Final = frozenset({"action", "author_role", "deleted_by", "text_format"})
_PEOPLE: Final = ("author_id", "author_name", "conversation_author_id", "reply_to_author_id")
_LARGE_TEXT: Final = 500_000
MAX_RECORD: Final = 4 * 1024 * 1024 - 64 * 1024
"""Bytes of JSON that ``comments.raw`` still takes, with room for the headers of a batch."""


class NoComment(Exception):
    """A row that cannot be a comment; the message says why, without the row's text."""


class Plan(Struct, frozen=True, kw_only=True):
    """How rows become comments."""

    columns: Mapping[str, str] = {}
    """Field → column, as the user mapped them. Any other field is taken from the column of its own name."""
    defaults: Mapping[str, str] = {}
    """Field → value where a row has none."""
    arrived_at: str | None = None
    """``created``: as of then; ``now``: Kafka's timestamp, whatever the row says; None: the row's own, if any."""
    pseudonymise: Callable[[str, str, str], str] | None = None
    """Source, community and person → who stands for them."""


def mapped(pairs: Iterable[str]) -> dict[str, str]:
    """Return ``field=column`` options as a mapping. Raises UserError that names the fields there are."""
    columns = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign or not column:
            raise UserError(f"--map {pair}: write it as field=column")
        if field not in FIELDS:
            raise UserError(f"--map {pair}: there is no field {field}; the fields are {', '.join(FIELDS)}")
        columns[field] = column
    return columns


def check_columns(plan: Plan, rows: Sequence[Mapping[str, Any]], where: str) -> None:
    """Raise UserError where a mapped column, or a required field's, stands in none of the first rows; name the columns there are."""
    there = ", ".join(list(dict.fromkeys(name for row in rows for name in row))[:60])
    for field, column in plan.columns.items():
        if all(value_at(row, column) is _MISSING for row in rows):
            raise UserError(f"{where}: there is no column {column} (--map {field}={column}); the columns are {there}")
    for field in REQUIRED:
        if field not in plan.columns and field not in plan.defaults and not any(field in row for row in rows):
            option = "--conversation ID or " if field == "conversation_id" else ""
            raise UserError(f"{where}: no column gives {field}: say {option}--map {field}=COLUMN; the columns are {there}")


_MISSING: Final = object()


def value_at(row: Mapping[str, Any], column: str) -> Any:
    """Return a column's value; ``a.b`` is looked for inside ``a`` where no column has that name."""
    if column in row or "." not in column:
        return row.get(column, _MISSING)
    value: Any = row
    for name in column.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value


def comment_of(plan: Plan, row: Mapping[str, Any]) -> Comment:
    """Return the row as a comment. Raises NoComment that says which field is wrong and why."""
    values: dict[str, Any] = dict(plan.defaults)
    for field in FIELDS:
        value = value_at(row, plan.columns.get(field, field))
        if value is _MISSING or value is None or (value == "" and field != "text"):
            continue
        values[field] = _read(field, value)
    if missing := [field for field in REQUIRED if field not in values]:
        raise NoComment(f"has no {', '.join(missing)}")
    return _sized(_converted(_completed(plan, values)))


def _read(field: str, value: Any) -> Any:
    try:
        if field in _TIMES:
            return instant(value)
    except ValueError as error:
        raise NoComment(f"{field} {error}") from error
    if field in _WORDS and isinstance(value, str):
        return value.strip().lower()
    if field in _IDS | {"text"} and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _completed(plan: Plan, values: dict[str, Any]) -> dict[str, Any]:
    if values.get("parent_id") == "0":
        # WordPress and its exports: 0 is no comment, it is the top.
        del values["parent_id"]
    if values.get("action", Action.CREATED) == Action.CREATED:
        values.setdefault("text", "")
    if plan.arrived_at:
        values.pop("ingested_at", None)
    if plan.arrived_at == "created":
        values["ingested_at"] = _as_of_then(values["created_at"], values.get("edited_at"))
    if plan.pseudonymise:
        # The row's own source and community, not the options': somebody must be one person from whichever file they come.
        hide = partial(plan.pseudonymise, str(values["source"]), str(values["community"]))
        values |= {field: hide(str(values[field])) for field in _PEOPLE if field in values}
    return values


def _as_of_then(created_at: datetime, edited_at: datetime | None) -> datetime:
    """An edit or a deletion arrives when it was made."""
    return max(created_at, edited_at or created_at)


def _converted(values: dict[str, Any]) -> Comment:
    try:
        return msgspec.convert(values, Comment, strict=False)
    except msgspec.ValidationError as error:
        raise NoComment(str(error)) from error


def _sized(comment: Comment) -> Comment:
    if len(comment.text or "") > _LARGE_TEXT and len(msgspec.json.encode(comment)) > MAX_RECORD:
        raise NoComment(f"is larger than {MAX_RECORD} bytes, which comments.raw does not take")
    return comment
