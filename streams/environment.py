"""Settings from the environment: ``THREADWATCH_KAFKA`` is the bootstrap address, others are ``THREADWATCH_SECTION__NAME``."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.errors import UserError

PREFIX: Final = "THREADWATCH_"
_SHORT: Final = {"kafka": "kafka.bootstrap", "kafka__bootstrap": "kafka.bootstrap"}
_LISTS: Final = frozenset({"urls", "secrets", "severities", "communities", "forwarded_by"})
_NOT_SETTINGS: Final = frozenset({"config", "key", "jars", "java", "detoxify_checkpoint", "detoxify_config", "log"})


def given_in(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield (variable, dotted name, value) of each variable that is a setting, by name. An empty one is as good as not set.

    Compose gives ``NAME: ${NAME:-}`` to a container whether or not anybody set it: that must not hide what the file says.
    """
    for variable, value in sorted(environment.items()):
        name = variable.removeprefix(PREFIX).lower()
        if value and variable.startswith(PREFIX) and name not in _NOT_SETTINGS:
            yield variable, _SHORT.get(name, name.replace("__", ".")), value


def put(tree: Any, name: str, value: Any, where: str) -> None:
    """Put one value into the tree of settings. Raises UserError that names ``where`` it comes from."""
    *sections, last = name.split(".")
    for section in sections:
        tree = _named(tree, section, where) if isinstance(tree, list) else tree.setdefault(section, [] if section == "webhooks" else {})
        if not isinstance(tree, dict | list):
            raise UserError(f"{where}: {section} is one setting, not a section")
    if isinstance(tree, list):
        raise UserError(f"{where}: write {PREFIX}WEBHOOKS__NAME__SETTING, with the webhook's name")
    tree[last] = _list_or_value(last, value)


def _named(webhooks: list[Any], name: str, where: str) -> Any:
    """Return the webhook that a variable speaks of: a variable's name has no hyphens."""
    found = [one for one in webhooks if isinstance(one, dict) and str(one.get("name")).replace("-", "_") == name]
    if not found:
        raise UserError(f"{where}: the settings file has no [[webhooks]] with the name {name.replace('_', '-')!r}")
    return found[0]


def _list_or_value(name: str, value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if name in _LISTS and isinstance(value, str) else value
