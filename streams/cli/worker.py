"""``threadwatch worker``: the live program."""

from typing import Annotated

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def worker(
    stages: Annotated[str, typer.Option("--stages", help="Which stages run here, with commas.")] = "score,address,pileon,alert",
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", help="Port of /metrics, /healthz, /readyz (0: any free one).")
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", help="linear, compact, detoxify:original and its like (with :fast too), cascade:linear+compact."),
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Fold the log again instead of loading the state.")] = False,
    accept_config: Annotated[bool, typer.Option("--accept-config", help="Go on with changed settings; past decisions stand.")] = False,
    accept_bad_until: Annotated[int, typer.Option("--accept-bad-until", help="Do not stop for unreadable input up to this offset.")] = -1,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> None:
    """Score, address, detect and alert, live. Ctrl-C or SIGTERM finishes what is in flight.

    Exits 70 for a bug or an outage (restart it), 2 for a mistake in what was asked, 3 when input is mostly unreadable.
    """
    from streams.errors import UserError
    from streams.topology import STAGES

    names = tuple(name.strip() for name in stages.split(",") if name.strip())
    unknown = [name for name in names if name not in STAGES]
    if unknown or not names:
        raise UserError(f"--stages: there is no stage {', '.join(unknown) or stages!r}; there are {', '.join(STAGES)}")
    settings = settings_of(config, kafka, prefix, data, scorer=scorer, worker__metrics_port=metrics_port)
    from streams.live.agent import Options
    from streams.live.worker import run
    from streams.settings import settings_file

    run(settings, names, Options(rebuild, accept_config or settings.worker.accept_config, accept_bad_until), settings_file(config))
