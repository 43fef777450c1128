"""``python -m tests.bench.told``: something breaks. After how many seconds has a receiver of Alertmanager read of it?

The whole program runs: broker, workers, Prometheus and Alertmanager with the files and intervals that we ship; only addresses are others.
Prints figures; asserts none. ``--cost`` prints what a scrape costs instead.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import yaml

from streams.kafka.connection import calm_logging
from tests.bench.machine import machine
from tests.bench.told_scenes import SCENES, Broken, Scene, mended
from tests.support.alerting import Door, Program, write_targets
from tests.support.broker import embedded
from tests.support.debian import missing
from tests.support.live import Live, until
from tests.support.manager import Manager, shipped
from tests.support.programs import free_port, needed
from tests.support.reader import Receiver
from tests.support.scenes import HangingWorker, conversations, talking
from tests.support.shortened import DEPLOY
from tests.support.silent import Silent

LONGEST: Final = 300.0
"""Seconds after which what was not told is held never to be."""
SETTLED: Final = 20.0
"""Seconds that everything is well before it breaks: a few scrapes, and no worker is new any more."""
SCRAPES: Final = 200
WORKERS: Final = "workers.json"
"""Where Prometheus finds the workers; compose's looks their name up each 5 s instead."""


class Watching(Program):
    """Prometheus with the shipped configuration and rules: only the addresses are others."""

    def __init__(self, folder: Path, workers: list[str], manager: str) -> None:
        folder.mkdir(parents=True)
        config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
        write_targets(folder / WORKERS, workers)
        found = {"threadwatch": {"file_sd_configs": [{"files": [WORKERS]}]}, "alertmanager": {"static_configs": [{"targets": [manager]}]}}
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [manager]}]}]
        config["rule_files"] = [str(DEPLOY / "prometheus" / "rules" / "*.yml")]
        config["scrape_configs"] = [
            {name: value for name, value in job.items() if not name.endswith("_sd_configs")}
            | found.get(job["job_name"], {"static_configs": []})
            for job in config["scrape_configs"]
        ]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        port = free_port()
        super().__init__([needed("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                          "--enable-feature=expand-external-labels",
                          f"--web.listen-address=127.0.0.1:{port}"], folder, port)  # fmt: skip


@asynccontextmanager
async def running(folder: Path, number: int, environment: dict[str, str]) -> AsyncIterator[Scene]:
    """Run so many workers with what watches them, on a broker of their own; people talk meanwhile."""
    ports, hang = [free_port() for _ in range(number)], folder / "hangs-while-this-is-here"
    async with AsyncExitStack() as stack:
        broker = stack.enter_context(embedded(folder / "kafka"))
        reader = await stack.enter_async_context(Receiver())
        silent = await stack.enter_async_context(Silent())
        manager = await stack.enter_async_context(Manager(folder / "alertmanager", with_a_chat(shipped(reader.url), silent.url)))
        door = await stack.enter_async_context(Door(manager.url))
        given = {"THREADWATCH_ALERTMANAGER__URLS": door.url, "HANGS_WHILE": str(hang), **environment}
        live = await stack.enter_async_context(Live(broker.address, folder / "instance", given))
        workers = [live.worker("--metrics-port", str(port), make=HangingWorker) for port in ports]
        await asyncio.gather(*(worker.ready() for worker in workers))
        watching = Watching(folder / "prometheus", [f"127.0.0.1:{port}" for port in ports], manager.url.removeprefix("http://"))
        stack.push_async_callback(watching.stop)
        await watching.ready()
        yield Scene(broker, live, workers, door, hang, reader, silent, manager, folder / "prometheus" / WORKERS)


def with_a_chat(config: dict[str, Any], url: str) -> dict[str, Any]:
    """Return a configuration whose moderators have a chat at this address, and the others what they had."""
    for receiver in config["receivers"]:
        if receiver["name"] == "moderators":
            del receiver["webhook_configs"]
            receiver["slack_configs"] = [{"api_url": url, "channel": "#moderators"}]
    return config


async def told(folder: Path, alert: str, number: int, environment: dict[str, str], broken: Broken) -> float:
    """Return the seconds from the break until the receiver has read of it."""
    async with running(folder, number, environment) as scene, talking(scene.live, conversations(24)):
        await asyncio.sleep(SETTLED)
        before = {name for name, _, _ in scene.reader.read} - {"Watchdog"}
        assert not before, f"told before anything broke: {before}"
        began = time.monotonic()
        began = await broken(scene) or began
        try:
            await until(f"{alert} is read", lambda: alert in {name for name, _, _ in scene.reader.read}, within=LONGEST, every=0.05)
            return time.monotonic() - began
        finally:
            await mended(scene)


async def _all(folder: Path, rounds: int, only: str) -> None:
    for what, alert, number, environment, broken in SCENES:
        if only not in alert:
            continue
        took = [await told(folder / f"{alert}-{one}", alert, number, environment, broken) for one in range(rounds)]
        print(f"{what}: {alert} read after {', '.join(f'{seconds:.0f}' for seconds in took)} s", flush=True)


async def _cost(folder: Path) -> None:
    """Print how many series a worker that works has, and what a scrape costs it."""
    async with running(folder, 1, {}) as scene, talking(scene.live, conversations(24)):
        await asyncio.sleep(SETTLED)
        address = f"{scene.workers[0].metrics()}/metrics"
        asked = Request(address, headers={"Accept": "application/openmetrics-text; version=1.0.0", "Accept-Encoding": "gzip"})
        before, plain = _cpu(scene.workers[0].pid), await asyncio.to_thread(_read, Request(address))
        await asyncio.sleep(30)
        idle = (_cpu(scene.workers[0].pid) - before) / 30
        began, before = time.monotonic(), _cpu(scene.workers[0].pid)
        sizes = [len(await asyncio.to_thread(_read, asked)) for _ in range(SCRAPES)]
        took, spent = time.monotonic() - began, _cpu(scene.workers[0].pid) - before
        series = sum(not line.startswith("#") for line in plain.decode().splitlines())
        each = (spent - idle * took) / SCRAPES
        print(
            f"a scrape: {series} series, {len(plain) / 1024:.0f} KiB as text, {sizes[-1] / 1024:.0f} KiB as sent; "
            f"{1000 * took / SCRAPES:.1f} ms, {1000 * each:.1f} ms of them the worker's processor; "
            f"every 5 s that is {20 * each:.2f} % of one core, and {series / 5:.0f} samples a second to keep",
            flush=True,
        )


def _read(asked: Request) -> bytes:
    with urlopen(asked, timeout=10) as answer:
        found: bytes = answer.read()
        return found


def _cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run it and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.told", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often each thing breaks")
    parser.add_argument("--only", default="", help="the alert to measure; all of them without it")
    parser.add_argument("--cost", action="store_true", help="what a scrape costs, instead")
    asked = parser.parse_args()
    if gone := missing():
        parser.exit(2, f"not on the PATH: {', '.join(gone)}; on Debian: apt-get install prometheus prometheus-alertmanager\n")
    calm_logging()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as folder:
        asyncio.run(_cost(Path(folder) / "cost") if asked.cost else _all(Path(folder), asked.rounds, asked.only))


if __name__ == "__main__":
    main()
