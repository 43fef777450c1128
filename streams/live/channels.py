"""Whom an Alertmanager can tell, by its own configuration: a receiver without a channel takes everything and tells nobody."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

_OF_WATCHDOG: Final = re.compile(r"""^\{?alertname\s*=~?\s*["']?Watchdog["']?\}?$""")
"""What this matcher's route carries goes to a switch outside, not to people."""


class Unreadable(ValueError):
    """What was answered holds no configuration that we can read."""


def channelless(status: str) -> tuple[list[str], bool]:
    """Return the receivers of routes that have no channel, in their order, and whether a route for people leads to one that has.

    ``status`` is what ``/api/v2/status`` answers. Raises Unreadable.
    """
    try:
        config = yaml.safe_load(json.loads(status)["config"]["original"])
        channels = {receiver["name"]: _has_channel(receiver) for receiver in config["receivers"]}
        routes = list(_routes(config["route"]))
        without = [name for name, _ in routes if not channels[name]]
        return list(dict.fromkeys(without)), any(channels[name] and is_for_people for name, is_for_people in routes)
    except (ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(type(error).__name__) from error


def _has_channel(receiver: dict[str, Any]) -> bool:
    return any(channels for kind, channels in receiver.items() if kind.endswith("_configs"))


def _routes(route: dict[str, Any], above: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the receiver of each route, and whether it is one for people; where none is named it is that of the route above."""
    name = route.get("receiver") or above
    yield name, not any(_OF_WATCHDOG.match(str(matcher)) for matcher in route.get("matchers") or ())
    for below in route.get("routes") or ():
        yield from _routes(below, name)
