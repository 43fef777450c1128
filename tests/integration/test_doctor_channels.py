"""``threadwatch doctor`` asks a real Alertmanager whom it can tell: as shipped nobody, and by parts once somebody is named."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.cli.main import main
from tests.support.manager import DEPLOY, Manager, example, shipped
from tests.support.programs import free_port

ALL = "operators, watchdog, moderators, moderators-warnings"


def as_shipped() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager.yml").read_text(encoding="utf-8"))
    return config | {"templates": [str(DEPLOY / "*.tmpl")]}


def with_all() -> dict[str, Any]:
    return shipped("http://127.0.0.1:9/")


def with_example() -> dict[str, Any]:
    """Return the example's receivers, with addresses in place of secrets."""
    config = as_shipped() | example()
    config["global"] = {"slack_api_url": "http://127.0.0.1:9/slack", "smtp_smarthost": "127.0.0.1:9", "smtp_from": "a@example.org"}
    return config


def without(*names: str) -> dict[str, Any]:
    """Return the shipped routes where these have no channel, and all others have."""
    config = with_all()
    for receiver in config["receivers"]:
        if receiver["name"] in names:
            del receiver["webhook_configs"]
    return config


async def said(config: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str], more: str = "") -> list[str]:
    async with Manager(folder / "alertmanager", config) as manager:
        (folder / "threadwatch.toml").write_text(f'[alertmanager]\nurls = ["{manager.url}"]\n{more}')
        words = [
            "doctor",
            "--kafka",
            f"127.0.0.1:{free_port()}",
            "--data",
            str(folder / "data"),
            "--config",
            str(folder / "threadwatch.toml"),
        ]
        assert await asyncio.to_thread(main, words) == 1, "no broker is there"
        lines = capsys.readouterr().out.replace(manager.url, "URL").splitlines()
    return [line for line in lines if line.split()[1] in {"alertmanager", "alerts"}]


HOOK = '[[webhooks]]\nname = "night"\nurl = "https://hooks.example/x"\nsecrets = ["a-secret-of-sixteen"]\n'


@pytest.mark.parametrize("more", ["", HOOK], ids=["alone", "beside a webhook"])
async def test_as_shipped_nobody_is_told_and_doctor_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str) -> None:
    answers, channels, nobody = await said(as_shipped(), tmp_path, capsys, more)
    assert answers == "ok       alertmanager   URL answers 200"
    assert channels.startswith(f"CHECK    alertmanager   URL has routes to receivers without a channel: {ALL}. ")
    assert "deploy/alertmanager/receivers.example.yml" in channels
    assert nobody.startswith("CHECK    alerts         NOBODY IS TOLD of anything by URL")
    assert ("signed webhooks are told of pile-ons" in nobody) == bool(more)


@pytest.mark.parametrize("config", [with_all, with_example], ids=["all have one", "the example"])
async def test_where_every_route_leads_to_a_channel_nothing_is_to_be_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: Callable[[], dict[str, Any]]
) -> None:
    assert await said(config(), tmp_path, capsys) == ["ok       alertmanager   URL answers 200"]


async def test_a_receiver_without_a_channel_is_named_where_others_have_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, channels = await said(without("moderators", "watchdog"), tmp_path, capsys)
    assert "without a channel: watchdog, moderators. " in channels


async def test_a_switch_that_hears_the_watchdog_is_nobody_who_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *_, nobody = await said(without("operators", "moderators", "moderators-warnings"), tmp_path, capsys)
    assert "NOBODY IS TOLD" in nobody
