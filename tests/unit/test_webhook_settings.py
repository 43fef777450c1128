"""A receiver that could be told nothing, or leads into an inner net, is said at the start."""

from typing import Any

import pytest
from msgspec.structs import replace

from streams.errors import UserError
from streams.live.receivers import check_webhooks, heard_of_nothing
from streams.settings import load
from tests.support.hooks import TRICKS, UNANSWERABLE, webhook


@pytest.mark.parametrize("host", TRICKS)
def test_this_machine_in_any_writing_is_a_mistake_of_the_settings(host: str) -> None:
    with pytest.raises(UserError, match="not public"):
        check_webhooks([webhook(f"https://{host}:9/hook", allow_private=False)])


def test_what_the_http_client_takes_for_no_address_is_the_user_s_mistake() -> None:
    with pytest.raises(UserError, match="no address"):
        check_webhooks([webhook("https://exa\u200bmple.org/", allow_private=False)])


@pytest.mark.parametrize("host", UNANSWERABLE)
def test_a_host_that_nobody_can_look_up_is_a_mistake_of_the_settings(host: str) -> None:
    with pytest.raises(UserError, match="no address; write https://host/path"):
        check_webhooks([webhook(f"https://{host}/x", allow_private=False)])
    with pytest.raises(UserError, match="no address; write http://host:port"):
        load({"THREADWATCH_ALERTMANAGER__URLS": f"http://{host}:9093"})


@pytest.mark.parametrize(
    "host", ["hooks.example.org.", "xn--bcher-kva.example", "b\u00fccher.example", f"{'a' * 63}.example", "a_b.example"]
)
def test_a_host_that_can_be_looked_up_is_none(host: str) -> None:
    check_webhooks([webhook(f"https://{host}/x", allow_private=False)])
    load({"THREADWATCH_ALERTMANAGER__URLS": f"http://{host}:9093,http://[::1]:9093"})


def test_a_receiver_that_could_not_be_told_anything_is_the_user_s_mistake_with_its_setting() -> None:
    def said(**fields: Any) -> str:
        with pytest.raises(UserError) as told:
            check_webhooks([webhook(**({"name": "night-shift"} | fields))])
        return str(told.value)

    assert said(secrets=()) == (
        "webhooks, night-shift: it has no secret; set THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS, or `secrets` in the settings file"
    )
    assert "write https://host/path" in said(url="hooks.example")
    assert "write https://host/path" in said(url="https://host:99999999")
    assert "not https" in said(url="http://hooks.example", allow_private=False)
    assert "not public" in said(url="https://169.254.169.254/latest", allow_private=False)
    assert "not public" in said(url="https://[::ffff:127.0.0.1]/", allow_private=False)
    check_webhooks([webhook(allow_private=False)])


SOURCES = {"sources.forum.communities": ["sport", "letters"], "sources.blog.communities": []}


@pytest.mark.parametrize(
    ("communities", "said"),
    [
        ((), []),
        (("forum", "forum/sport"), []),
        (("forum/sprot",), ["'sprot', which is none of sources.forum.communities"]),
        (("blog/sport",), ["'sport', which is none of sources.blog.communities"]),
        (("forun/sport", "forum/sport", "forun"), ["the source 'forun', which [sources] does not have"] * 2),
    ],
)
def test_a_receiver_of_what_the_settings_do_not_know_is_said(communities: tuple[str, ...], said: list[str]) -> None:
    settings = replace(load({}, options=SOURCES), webhooks=(webhook(communities=communities),))
    lines = heard_of_nothing(settings)
    assert len(lines) == len(said)
    assert all(part in line and line.startswith("webhooks, mods: ") for part, line in zip(said, lines, strict=True))


def test_where_the_settings_name_no_source_nothing_is_known_and_nothing_said() -> None:
    assert heard_of_nothing(replace(load({}), webhooks=(webhook(communities=("forun/sport",)),))) == []
