"""``threadwatch topics create|check|list``: the topics as schemas/topics declares them."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from streams.cli.options import Config, Kafka, Prefix, settings_of
from streams.settings import Settings

T = TypeVar("T")

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Topics as schemas/topics declares them.")


@app.command()
def create(config: Config = None, kafka: Kafka = None, prefix: Prefix = None) -> int:
    """Create the declared topics that are missing; give the others the declared retention and largest message.

    A shorter retention deletes what is older. Partitions, cleanup policy and timestamps are never changed: exit 1 where they differ.
    """
    made, changed, left = asyncio.run(_reached(_made_and_altered, settings_of(config, kafka, prefix)))
    if made or changed:
        print("\n".join(made + changed))
    else:
        print("every topic is there already", file=sys.stderr)
    for line in left:
        print(f"{line}; that is never changed here", file=sys.stderr)
    return 1 if left else 0


async def _made_and_altered(settings: Settings) -> tuple[list[str], list[str], list[str]]:
    from streams.kafka.admin import alter_topics, create_topics

    changed, left = await alter_topics(settings)
    return await create_topics(settings), changed, left


@app.command()
def check(config: Config = None, kafka: Kafka = None, prefix: Prefix = None) -> int:
    """Tell what differs on the broker in partitions, retention or cleanup policy; exit 1 on a difference."""
    from streams.kafka.admin import differences

    found = asyncio.run(_reached(differences, settings_of(config, kafka, prefix)))
    print("\n".join(found) if found else "the broker's topics are as declared", file=sys.stdout if found else sys.stderr)
    return 1 if found else 0


@app.command(name="list")
def list_(config: Config = None, prefix: Prefix = None) -> int:
    """List the declared topics with partitions, cleanup policy and retention."""
    from streams.kafka.admin import declared_topics

    for topic in declared_topics(settings_of(config, None, prefix)):
        print(f"{topic.name}\t{topic.partitions}\t{topic.configs['cleanup.policy']}\t{_days(topic.configs['retention.ms'])}")
    return 0


def _days(retention_ms: str) -> str:
    return "for ever" if retention_ms == "-1" else f"{int(retention_ms) / 86_400_000:g} d"


async def _reached(doing: Callable[[Settings], Awaitable[T]], settings: Settings) -> T:
    from streams.kafka.connection import reached

    return await reached(settings, doing(settings))
