"""``threadwatch kafka``: the embedded broker in the foreground."""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def kafka(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder for its log; survives a restart (default: .threadwatch/kafka).")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port on loopback (default: the last one, else a free one).", min=0, max=65535)] = 0,
) -> int:
    """Run a real Apache Kafka, one node, on loopback; print its address; stop it with Ctrl-C."""
    from streams.kafka.embedded import EmbeddedBroker
    from streams.settings import load

    folder = data or Path(load().data) / "kafka"
    print(f"threadwatch: starting Apache Kafka on {folder}", file=sys.stderr, flush=True)
    broker = EmbeddedBroker(folder, port)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        print(broker.start(), flush=True)
        print(f"threadwatch: use it with THREADWATCH_KAFKA={broker.address}; Ctrl-C stops it", file=sys.stderr, flush=True)
        return 0 if broker.wait() == 0 else 70
    except KeyboardInterrupt:
        print("threadwatch: stopping the broker", file=sys.stderr, flush=True)
        return 0
    finally:
        broker.stop()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
