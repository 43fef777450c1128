"""What msgspec complains of, as the way to the setting: it leaves out the names that users chose (``$.sources[...]``)."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec import inspect

from streams.toml_lines import Steps

Tree = dict[str, Any]
Convert = Callable[[Tree], Any]
"""What raises msgspec.ValidationError for a tree with a mistake."""

_AT: Final = re.compile(r" - at `\$([^`]*)`")
_WRITTEN: Final = {
    "duration": ', write "PT30S", "PT10M", "P1D" or a number of seconds',
    "datetime": ", write 2024-05-01T00:00:00Z",
    "`array`": ', write ["one", "two"]',
    "'^[a-z0-9-]": ": small letters, digits and hyphens",
    "'^[A-Za-z0-9-]": ": letters, digits and hyphens",
}
"""What a message speaks of → how it is written."""
_STEP: Final = re.compile(r"\.(?P<name>\w+)|\[(?P<number>\d+)\]|\[\.\.\.\]")
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `([^`]+)`")
_OWN: Final = re.compile(r"^(\w+(?:\[\d+\])?(?:\.\w+)*)[: ]")
"""A section's own check begins with the setting's name."""


def steps_to(said: str, tree: Tree, convert: Convert) -> Steps:
    """Return the way to what a message speaks of: a setting, or the section it should be in."""
    at = _AT.search(said)
    steps = _named(at[1] if at else "", said, tree, convert)
    if unknown := _UNKNOWN.match(said):
        return (*steps, unknown[1])
    own = _OWN.match(said)
    inner = [step for step in _parts(f".{own[1]}") if step is not None] if own else []
    there = _at(tree, steps)
    return (*steps, *inner) if inner and isinstance(there, dict) and inner[0] in there else steps


def is_lack(said: str) -> bool:
    """Return whether a message complains of what is not there at all."""
    return said.startswith("Object missing required field")


def with_names(said: str, steps: Steps) -> str:
    """Return the message with the names that were left out."""
    at = _AT.search(said)
    if at is None or "[...]" not in at[1]:
        return said
    depth = len(_STEP.findall(at[1]))
    way = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" if step.isidentifier() else f'."{step}"' for step in steps[:depth])
    return _AT.sub(lambda _: f" - at `${way}`", said)


def with_allowed(said: str, kind: Any, steps: Steps) -> str:
    """Return the message with what may stand there: an enum's words, how a list or a duration is written, or a name like an unknown one."""
    way = _AT.search(said)
    what, where = (said[: way.start()], said[way.start() :]) if way else (said, "")
    if "enum value" in what and (words := _words(inspect.type_info(kind), steps)):
        return f"{what}, there are {', '.join(words)}{where}"
    if _UNKNOWN.match(what) and (near := _near(inspect.type_info(kind), steps)):
        return f"{what}, did you mean `{near}`?{where}"
    example = next((example for sign, example in _WRITTEN.items() if sign in what), "")
    return f"{what}{example}{where}"


def _words(kind: Any, steps: Steps) -> list[str]:
    """Return the words of the enum that the steps lead to; none where they lead to something else."""
    found = _kind_at(kind, steps)
    return [str(each.value) for each in found.cls] if isinstance(found, inspect.EnumType) else []


def _near(kind: Any, steps: Steps) -> str:
    """Return the setting whose name is most like the last step; empty where none is."""
    section = _kind_at(kind, steps[:-1])
    names = [field.encode_name for field in section.fields] if isinstance(section, inspect.StructType) else []
    return next(iter(get_close_matches(str(steps[-1]), names, n=1)), "") if steps else ""


def _kind_at(kind: Any, steps: Steps) -> Any:
    """Return the type that the steps lead to."""
    for step in steps:
        if isinstance(kind, inspect.StructType):
            kind = next((field.type for field in kind.fields if field.encode_name == step), None)
        elif isinstance(kind, inspect.DictType):
            kind = kind.value_type
        else:
            kind = getattr(kind, "item_type", None)
    return kind


def _parts(way: str) -> tuple[str | int | None, ...]:
    found = _STEP.finditer(way)
    return tuple(each["name"] or (int(each["number"]) if each["number"] else None) for each in found)


def _named(way: str, said: str, tree: Tree, convert: Convert) -> tuple[str | int, ...]:
    steps: tuple[str | int, ...] = ()
    for step in _parts(way):
        found = _culprit(said, tree, steps, convert) if step is None else step
        if found is None:
            break
        steps = (*steps, found)
    return steps


def _culprit(said: str, tree: Tree, steps: Steps, convert: Convert) -> str | None:
    """Return the name whose entry alone brings the same complaint."""
    there = _at(tree, steps)
    for name in there if isinstance(there, dict) else ():
        try:
            convert(_only(tree, steps, name))
        except msgspec.ValidationError as error:
            if str(error) == said:
                return str(name)
    return None


def _only(tree: Any, steps: Steps, name: str) -> Any:
    """Return the tree with one entry alone in the table that the steps lead to."""
    if not steps:
        return {name: tree[name]}
    step = steps[0]
    inner = _only(tree[step], steps[1:], name)
    if isinstance(tree, list):
        return [inner if number == step else each for number, each in enumerate(tree)]
    return tree | {step: inner}


def _at(tree: Any, steps: Steps) -> Any:
    for step in steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree
