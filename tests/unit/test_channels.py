"""Whom an Alertmanager can tell, read from its own configuration, also from one that is not ours."""

import json

import pytest

from streams.live.channels import Unreadable, channelless


def asked(original: str) -> tuple[list[str], bool]:
    return channelless(json.dumps({"config": {"original": original}}))


HOOKED = "{name: a, webhook_configs: [{url: <secret>}]}"
BOTH = f"receivers: [{HOOKED}, {{name: b}}]"


@pytest.mark.parametrize(
    ("original", "found"),
    [
        (f"{{route: {{receiver: a}}, receivers: [{HOOKED}]}}", ([], True)),
        ("{route: {receiver: 'null'}, receivers: [{name: 'null'}]}", (["null"], False)),
        ("{route: {receiver: a}, receivers: [{name: a, slack_configs: []}]}", (["a"], False)),
        (f"{{route: {{receiver: b, routes: [{{receiver: a}}, {{matchers: [x=y]}}]}}, {BOTH}}}", (["b"], True)),
        (f"{{route: {{receiver: a}}, receivers: [{HOOKED}, {{name: unused}}]}}", ([], True)),
        (f"{{route: {{receiver: b, routes: [{{receiver: a, matchers: ['alertname=\"Watchdog\"']}}]}}, {BOTH}}}",
         (["b"], False)),
        (f"{{route: {{receiver: b, routes: [{{receiver: a, matchers: ['alertname!=\"Watchdog\"']}}]}}, {BOTH}}}",
         (["b"], True)),
    ],
    ids=["one", "null", "an empty list", "a route that names none", "a receiver without a route", "the Watchdog's", "all others"],
)  # fmt: skip
def test_receivers_of_routes_without_a_channel_are_named_and_whether_people_can_be_told(
    original: str, found: tuple[list[str], bool]
) -> None:
    assert asked(original) == found


@pytest.mark.parametrize("status", ["", "[]", "{}", '{"config": {"original": "route: ["}}', '{"config": {"original": "7"}}'])
def test_what_holds_no_configuration_is_said_to_be_unreadable(status: str) -> None:
    with pytest.raises(Unreadable):
        channelless(status)
