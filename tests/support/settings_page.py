"""docs/settings.md, made from Settings: ``python -m tests.support.settings_page`` writes it; a contract test compares."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from streams.alert_settings import Webhook
from streams.console_settings import Token
from streams.kafka.schemas import field_remarks
from streams.settings import Settings, Source
from streams.stages.alert_config import Mute

PAGE: Final = Path(__file__).parents[2] / "docs" / "settings.md"
PREFIX: Final = "THREADWATCH_"
NESTED: Final = {"sources": Source, "mutes": Mute, "webhooks": Webhook, "console.tokens": Token}

HEAD: Final = """# Settings

<!-- Made by `python -m tests.support.settings_page` from streams/settings.py: change that. -->

Defaults < `threadwatch.toml` (or the file that `--config` or `THREADWATCH_CONFIG` names) < environment < options. What is
unknown or out of bounds ends the program (exit 2) with one line that names it, its file and line.
Durations are ISO 8601 (`"PT10M"`, `"P30D"`) or a number of seconds. In the environment a dot becomes two underscores: `pileon.min_share` is
`THREADWATCH_PILEON__MIN_SHARE`; `THREADWATCH_KAFKA` alone is `kafka.bootstrap`, and a setting of a
webhook is found by its name: `THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS`. A variable that is empty is as good as not set, here and for
those at the end of this page: the environment can empty no setting; take it out of the file.

```toml
retention = "P30D"

[pileon]
window = "PT1H"

[sources.harbour-post]
communities = ["letters", "sport"]
lateness = "PT6H"

[communities."harbour-post/letters"]
min_hostile_authors = 6

[[mutes]]
conversation = "ferry-timetable"
reason = "a coordinated test"
since = 2024-05-01T00:00:00Z
until = 2024-05-03T00:00:00Z

[[webhooks]]
name = "night-shift"
url = "https://hooks.example.org/threadwatch"
severities = ["critical"]
```
"""

NOT_SETTINGS: Final = """
## In the environment only

| variable | what |
|---|---|
| `THREADWATCH_CONFIG` | the settings file |
| `THREADWATCH_KEY` | the installation key itself, instead of the one in the `data` folder |
| `THREADWATCH_JARS` | where Kafka's jars are kept (default: `kafka-jars` in the `data` folder) |
| `THREADWATCH_LOG` | `debug`: everything that aiokafka and Faust have to say |
| `THREADWATCH_DETOXIFY_CHECKPOINT`, `THREADWATCH_DETOXIFY_CONFIG` | local files of a Detoxify model: then nothing is fetched |
"""


def page() -> str:
    """Return docs/settings.md."""
    parts = [HEAD, _table("General", (row for row in rows(Settings) if "." not in row[0]))]
    sections = [field.encode_name for field in msgspec.structs.fields(Settings) if _is_struct(field.type)]
    parts += [_table(f"`[{name}]`", (row for row in rows(Settings) if row[0].startswith(f"{name}."))) for name in sections]
    parts += [_table(f"Each of `{name}`", rows(struct)) for name, struct in NESTED.items()]
    return "\n".join(parts) + NOT_SETTINGS


def rows(struct: Any, before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield name, what is allowed, default and meaning of each setting, in order."""
    remarks = field_remarks(struct)
    for field in msgspec.structs.fields(struct):
        name = before + field.encode_name
        if _is_struct(field.type):
            yield from rows(field.type, f"{name}.")
        else:
            yield name, _allowed(field.type), _default(field), remarks.get(field.name, "").replace("``", "`")


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _allowed(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        inner, *metas = get_args(kind)
        return " ".join((_allowed(inner), *(_bounds(meta) for meta in metas if isinstance(meta, Meta)))).strip()
    names = {int: "whole number", float: "number", str: "text", bool: "true or false", timedelta: "duration"}
    if kind in names:
        return names[kind]
    if get_origin(kind) is tuple:
        return f"list{_words(get_args(kind)[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(f"`{each.value}`" for each in kind)
    return "table" if get_origin(kind) is dict else "text or time"


def _words(kind: Any) -> str:
    return f" of {', '.join(f'`{each.value}`' for each in kind)}" if isinstance(kind, type) and issubclass(kind, Enum) else ""


def _bounds(meta: Meta) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(f"{sign} {getattr(meta, name):g}" for name, sign in signs.items() if getattr(meta, name) is not None)


def _default(field: Any) -> str:
    if field.default is msgspec.NODEFAULT:
        return "" if field.default_factory is msgspec.NODEFAULT else "empty"
    plain = msgspec.to_builtins(field.default)
    return "" if plain is None else "empty" if plain in ("", [], ()) else f"`{plain}`"


def _table(title: str, settings: Iterator[tuple[str, str, str, str]]) -> str:
    lines = [f"| `{name}` | {allowed} | {default} | {meaning} |" for name, allowed, default, meaning in settings]
    return "\n".join((f"## {title}", "", "| setting | | default | what |", "|---|---|---|---|", *lines, ""))


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
