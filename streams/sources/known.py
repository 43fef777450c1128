"""Ids of comments that were sent before, read from a file: one id, or one JSON object with ``comment_id``, a line."""

import msgspec

from streams.errors import UserError
from streams.packed import lines_of, name_of, opened


def ids_in(file: str) -> set[str]:
    """Return the ids. Raises UserError that names the line which has none."""
    with opened(file) as (stream, _):
        read = ((line.number, line.value.strip()) for line in lines_of(stream))
        return {_id(value, f"{name_of(file)}, line {number}") for number, value in read if value}


def _id(line: bytes, where: str) -> str:
    try:
        if not line.startswith(b"{"):
            return line.decode()
        value = msgspec.json.decode(line)
        return str(value["comment_id"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise UserError(f"{where}: an id, or a JSON object with comment_id, is wanted") from error
