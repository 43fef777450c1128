"""``threadwatch watch``: pile-ons in the terminal, live."""

import asyncio
import sys
from typing import Annotated, Any

import typer

from streams.cli.options import Config, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def watch(
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with the oldest pile-on there is.")] = False,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="ID", help="Print this case in full as it is now, and end. Its id, or the beginning of it."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop at the end as it is now, instead of waiting for more.")] = False,
    shadow: Annotated[bool, typer.Option("--shadow", help="What the detector would tell that does not decide (setting: shadow).")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
) -> int:
    """Print one line per pile-on as it opens, worsens and ends. Numbers and opaque ids, never names or text.

    --case prints whom a case is about, its conversations and the ids of its evidence: what a look at it, or a mute, needs.
    """
    settings = settings_of(config, kafka, prefix)
    from streams.kafka.connection import reached

    showing = _watch(settings, from_beginning or once, once, shadow=shadow) if case is None else _show(settings, case.lower().rstrip("…"))
    asyncio.run(reached(settings, showing, is_endless=case is None and not once))
    return 0


async def _show(settings: Any, begins: str) -> None:
    from streams.kafka.feedback import case_of
    from streams.lines import case_lines

    print("\n".join(case_lines(await case_of(settings, begins))))


async def _watch(settings: Any, from_beginning: bool, once: bool, *, shadow: bool) -> None:
    from rich.console import Console

    from streams.kafka.follow import follow
    from streams.lines import line_of
    from streams.topics import PILEONS, PILEONS_SHADOW

    console = Console()
    if not once:
        print("threadwatch: waiting for pile-ons; Ctrl-C ends", file=sys.stderr, flush=True)
    async for pileon in follow(settings, PILEONS_SHADOW if shadow else PILEONS, from_beginning, once):
        console.print(line_of(pileon), soft_wrap=True)
