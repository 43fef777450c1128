"""The contract's generated half: ``schemas/records/*.json`` and ``schemas/asyncapi.yaml``, made from structs and topic files.

``python -m streams.kafka.schemas --write`` writes them; without ``--write`` it names the files that differ and exits 1.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from streams import records
from streams.errors import CHECK_FAILED, OK, USER_MISTAKE
from streams.kafka.asyncapi import asyncapi
from streams.kafka.declared import schemas, topic_files
from streams.records import SCHEMA_VERSION

RECORD_FILES: Final[Mapping[str, Any]] = {
    "comment": records.Comment,
    "scored-comment": records.ScoredComment,
    "reply-log": records.ReplyLog,
    "pile-on": records.PileOn,
    "verdict": records.Verdict,
    "handling": records.Handling,
    "config-record": records.ConfigRecord,
}
"""File name in ``schemas/records`` → what it describes."""

MOMENT: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
"""RFC 3339 with its offset. ``format`` alone is only a remark to most validators, and a time without offset means nothing."""


def generated() -> dict[str, str]:
    """Return every generated file: path under ``schemas/`` → its whole text."""
    files = {f"records/{name}.json": _json(record_schema(name)) for name in RECORD_FILES}
    files["asyncapi.yaml"] = _yaml(asyncapi(topic_files()))
    return files


def record_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one file of ``schemas/records``."""
    record = RECORD_FILES[name]
    made = _described(msgspec.json.schema(record))
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:threadwatch:record:{name}:{SCHEMA_VERSION}",
        "title": name,
        "description": _summary(record),
    }
    for member in _members(record):
        # Only the outermost record's version is checked at the door: what lies inside was checked when it came in.
        made["$defs"][member.__name__]["properties"]["schema_version"]["enum"] = [SCHEMA_VERSION - 1, SCHEMA_VERSION]
    made.pop("discriminator", None)
    return head | made


def _members(record: Any) -> Sequence[type]:
    return getattr(record, "__args__", (record,))


def _summary(record: Any) -> str:
    return " Or: ".join(inspect.getdoc(member) or "" for member in _members(record))


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    for name, definition in schema["$defs"].items():
        if "properties" not in definition:
            continue
        definition["additionalProperties"] = True
        remarks = field_remarks(getattr(records, name))
        for field, described in definition["properties"].items():
            _dated(described)
            if field in remarks:
                described["description"] = remarks[field]
    return schema


def _dated(schema: dict[str, Any]) -> None:
    for branch in (schema, *schema.get("anyOf", ())):
        if branch.get("format") == "date-time":
            branch["pattern"] = MOMENT


def field_remarks(struct: type) -> dict[str, str]:
    """Return field → the string that stands below it in the class's source, on one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    found: dict[str, str] = {}
    name = None
    for statement in body.body if isinstance(body, ast.ClassDef) else ():
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field)):
                name = field
            case ast.Expr(value=ast.Constant(value=str(remark))) if name is not None:
                found[name] = " ".join(remark.split())
    return found


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _yaml(document: dict[str, Any]) -> str:
    remark = "# Made by `python -m streams.kafka.schemas --write` from schemas/topics: change those.\n"
    return remark + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def differing(folder: Path) -> list[str]:
    """Return the generated files that are missing or stale under ``folder``, and record files that nothing makes."""
    made = generated()
    stale = [name for name, text in made.items() if not _is(folder / name, text)]
    orphans = [f"records/{file.name}" for file in (folder / "records").glob("*") if f"records/{file.name}" not in made]
    return sorted(stale + orphans)


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def main(arguments: Sequence[str]) -> int:
    """Write the files, or name those that differ; return the exit code."""
    if arguments == ["--write"]:
        for name, text in generated().items():
            (schemas() / name).write_text(text, encoding="utf-8")
        return OK
    if arguments:
        print("usage: python -m streams.kafka.schemas [--write]", file=sys.stderr)
        return USER_MISTAKE
    stale = differing(schemas())
    for name in stale:
        print(f"schemas/{name} differs from the code: run python -m streams.kafka.schemas --write", file=sys.stderr)
    return CHECK_FAILED if stale else OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
