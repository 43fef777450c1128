"""The files of the contract, as the tests of this folder read them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

ROOT: Final = Path(__file__).parents[2]
SCHEMAS: Final = ROOT / "schemas"

formats: Final = FormatChecker(formats=())


def is_moment(value: object) -> bool:
    """Return whether a text is a moment that a calendar knows, with its offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


formats.checks("date-time", raises=ValueError)(is_moment)


def schema(record: str) -> dict[str, Any]:
    """Return one file of schemas/records."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / "records" / f"{record}.json").read_text(encoding="utf-8"))
    return loaded


def validator(record: str) -> Draft202012Validator:
    """Return a validator of one record file that also checks times."""
    return Draft202012Validator(schema(record), format_checker=formats)


def examples(kind: str) -> list[Path]:
    """Return the example files of a kind: valid or invalid."""
    return sorted((SCHEMAS / "examples").glob(f"*/{kind}-*.json"))


def name_of(example: Path) -> str:
    """Return record/name, for the test's id."""
    return f"{example.parent.name}/{example.stem}"
