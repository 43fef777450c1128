"""Tables as files: CSV that a spreadsheet takes for text, and JSON lines. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

_FORMULA: Final = "=+@\uff1d\uff0b\uff0d\uff20-"
_BEGINS: Final = re.compile(f'(^)(\\s*[{_FORMULA}])|(?<=;)([\\s"]*[{_FORMULA}])')
"""At the beginning of a cell, also of one that begins only where a spreadsheet splits lines at ``;``."""
_BREAKS: Final = ("\t", "\r", "\n")


def csv_of(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table whose text no spreadsheet takes for a formula: a quote stands in front of what it would. Numbers stay numbers."""
    lines = [",".join(heads), *(",".join(map(_cell, row)) for row in rows)]
    return "\r\n".join(lines) + "\r\n"


def json_lines_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return an object a line, values as they are."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    guarded = _BEGINS.sub(r"'\g<0>", value)
    if guarded[:1] in _BREAKS:
        guarded = f"'{guarded}"
    return '"' + guarded.replace('"', '""') + '"'
