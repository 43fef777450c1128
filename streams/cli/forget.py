"""``threadwatch forget --author ID | --comment ID``."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from streams.cli.options import Config, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def forget(
    author: Annotated[str | None, typer.Option("--author", help="Everything by this author id.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", help="This comment id.")] = None,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
) -> int:
    """Remove what can be removed, and print where only retention can, with dates. Exit 1 if nothing was found."""
    from streams.errors import UserError

    if (author is None) == (comment is None):
        raise UserError("give either --author ID or --comment ID")
    from streams.kafka.connection import reached

    settings = settings_of(config, kafka, prefix)
    return asyncio.run(reached(settings, _forget(settings, author, comment)))


async def _forget(settings: Any, author: str | None, comment: str | None) -> int:
    from streams.kafka.forget import find, remains
    from streams.kafka.forget import forget as delete
    from streams.kafka.mutes import forget_mutes

    many = await forget_mutes(settings, author) if author is not None else 0
    if many:
        print(f"{many} {'mute' if many == 1 else 'mutes'} of this person removed")
    found = await find(settings, author, comment)
    if not found:
        print("nothing found in comments.raw: nothing " + ("more to forget" if many else "to forget"))
        return 0 if many else 1
    sent = await delete(settings, found, datetime.now(UTC))
    print(f"{len(found)} records found; {sent} deletions sent: scores, targets, lists and read models drop them now")
    for place in remains(settings, found):
        print(f"  {place.topic:<24} {place.what:<26} until {place.until:%Y-%m-%d} (retention)")
    return 0
