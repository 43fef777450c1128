"""Options that several commands share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from streams.settings import Settings, load

Config = Annotated[Path | None, typer.Option("--config", help="Settings file (default: threadwatch.toml where there is one).")]
Kafka = Annotated[
    str | None, typer.Option("--kafka", help="host:port[,…] of the broker (default: THREADWATCH_KAFKA, else the embedded one).")
]
Prefix = Annotated[str | None, typer.Option("--prefix", help="Stands before every topic and group: a second instance on one broker.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded broker and the installation key.")]


def settings_of(
    config: Path | None = None, kafka: str | None = None, prefix: str | None = None, data: Path | None = None, **more: Any
) -> Settings:
    """Return the settings: defaults < file < environment < these options (dotted names use ``__``)."""
    options = {"kafka.bootstrap": kafka, "kafka.prefix": prefix, "data": str(data) if data else None}
    return load(file=config, options=options | {name.replace("__", "."): value for name, value in more.items()})
