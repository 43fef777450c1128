"""``threadwatch console``: the web pages."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def console(
    host: Annotated[str | None, typer.Option("--host", help="Where to serve (default: 127.0.0.1; another needs console.tokens).")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port (default: 8470; 0: any free one).", min=0, max=65535)] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", help="The read model (default: console.db in the data folder).")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the read model anew from the topics.")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Serve pages: which pile-ons are open, why, what is being said; and take verdicts. Prints its address; Ctrl-C ends.

    It needs no worker: what it shows is read from the topics into a file of its own.
    """
    settings = settings_of(config, kafka, prefix, data, console__host=host, console__port=port)
    from streams.console.serve import run

    run(settings, model, rebuild, lambda line: print(line, flush=True))
    return 0
