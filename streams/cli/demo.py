"""``threadwatch demo``: the main job on real input, from nothing."""

from typing import Annotated

import typer

from streams.cli.options import Config, Data, Kafka, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def demo(
    page: Annotated[
        str | None, typer.Option("--page", help="A scraped comment page (default: the seed page, else an invented one).")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop everything at the end (so too without a terminal, or with ONCE=1).")] = False,
    scorer: Annotated[str | None, typer.Option("--scorer", help="linear, compact, or detoxify:original and its like.")] = None,
    comments: Annotated[int, typer.Option("--comments", help="Size of the invented sample.", min=700)] = 4000,
    seconds: Annotated[float, typer.Option("--seconds", help="Play the sample's day and a half within so many seconds.", min=0.1)] = 15.0,
    config: Config = None,
    kafka: Kafka = None,
    data: Data = None,
) -> int:
    """Broker up, topics created, worker up; an invented sample and a scraped page played; pile-ons as they open and end.

    Exits 1 if any comment went missing.
    """
    settings = settings_of(config, kafka, None, data, scorer=scorer)
    from streams.demo.run import Demo, is_once

    return Demo(settings, page, comments, seconds).run(is_once(once))
