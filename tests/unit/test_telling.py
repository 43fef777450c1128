"""Two workers that tell the same people have the same digest; where one lacks a receiver, they differ."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from streams.live.telling import digest, line
from streams.live.watch import Watch
from streams.records import Severity
from streams.scorers import open_scorer
from streams.settings import Settings, load, topology_config
from streams.stages.alert import Config, Mute
from streams.topology import topology
from tests.support.builders import HOUR, NOON
from tests.support.hooks import OTHER, SECRET, webhook

KEY = bytes(32)
MUTE = Mute(target="ann", reason="asked for it", since=NOON, until=NOON + HOUR)
LOADED = load({"THREADWATCH_ALERTMANAGER__URLS": "http://one:9093,http://two:9093"})
BASE = replace(LOADED, webhooks=(webhook(name="mods"), webhook(name="night")), mutes=(MUTE, replace(MUTE, target="bob")))


def where(**changed: Any) -> Settings:
    return replace(BASE, alertmanager=replace(BASE.alertmanager, **changed))


def hook(**changed: Any) -> Settings:
    return replace(BASE, webhooks=(replace(BASE.webhooks[0], **changed), BASE.webhooks[1]))


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, webhooks=()),
        replace(BASE, webhooks=BASE.webhooks[:1]),
        hook(url="https://elsewhere.example/hook"),
        hook(severities=(Severity.CRITICAL,)),
        hook(communities=("news/sport",)),
        hook(allow_private=not BASE.webhooks[0].allow_private),
        replace(BASE, mutes=BASE.mutes[:1]),
        replace(BASE, mutes=(MUTE, replace(MUTE, target="bob", until=NOON + timedelta(hours=2)))),
        where(urls=("http://one:9093",)),
        replace(BASE, alert=Config(max_opened=3)),
    ],
)
def test_workers_that_tell_others_differ(other: Settings):
    assert digest(other, KEY) != digest(BASE, KEY)


@pytest.mark.parametrize(
    "other",
    [
        hook(secrets=(OTHER, SECRET)),
        replace(BASE, webhooks=BASE.webhooks[::-1]),
        hook(severities=BASE.webhooks[0].severities[::-1]),
        replace(BASE, mutes=(replace(BASE.mutes[1], reason="as kim says"), MUTE)),
        where(urls=("http://two:9093/", "http://one:9093", "http://one:9093")),
        replace(BASE, scorer="compact"),
    ],
)
def test_an_order_a_secret_that_is_changed_and_what_tells_nobody_make_no_difference(other: Settings):
    assert digest(other, KEY) == digest(BASE, KEY)


def test_who_has_not_the_installation_key_cannot_try_addresses():
    assert digest(BASE, KEY) != digest(BASE, b"another key")


def test_the_log_says_whom_a_worker_tells_and_nothing_secret():
    settings = where(urls=("http://kim:pass-word@one:9093",))
    said = line(replace(settings, webhooks=(webhook("https://hooks.example/T0/s3cr3t", name="mods", communities=("news/sport", "blog")),)))
    assert said == "pile-ons are told to Alertmanager one:9093, webhook mods (warning and critical, of news/sport and blog)"


def test_only_a_worker_that_tells_shows_its_digest():
    def shown(*names: str) -> float | None:
        registry = CollectorRegistry()
        stages = [stage for stage in topology(open_scorer("linear"), topology_config(BASE, KEY)) if stage.name in names]
        Watch(BASE, registry, stages, "linear@1", "0", KEY)
        return registry.get_sample_value("threadwatch_telling_info", {"telling": digest(BASE, KEY)})

    assert shown("score", "alert") == 1
    assert shown("score", "address", "pileon") is None
