"""A real Prometheus and a real Alertmanager on the files that we ship, with every wait shortened in copies of them."""

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml
from aiohttp import web

from tests.support.live import answers, until
from tests.support.programs import free_port, needed
from tests.support.shortened import DEPLOY, write_rules

NOTHING: Final[Mapping[str, str]] = {}
PATIENCE: Final = 150.0
"""Seconds after which what should have happened is held not to happen."""


class Program:
    """A program that listens on a port of its own until it is stopped."""

    def __init__(self, command: list[str], folder: Path, port: int) -> None:
        self.url, self._log = f"http://127.0.0.1:{port}", folder / "log"
        with self._log.open("w") as log:
            self._running = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)

    async def ready(self) -> None:
        """Come back when it answers; fail with its log when it ended."""
        await until(f"{self.url} is ready", lambda: self._running.poll() is not None or answers(f"{self.url}/-/ready"))
        assert self._running.poll() is None, self._log.read_text(encoding="utf-8")

    async def stop(self) -> None:
        """Ask it to end and wait for it."""
        self._running.terminate()
        await asyncio.to_thread(self._running.wait, 30)


class Alertmanager(Program):
    """The shipped routes and inhibitions. Its receivers are silent, or one address that is told at once: it is asked what it holds."""

    def __init__(self, folder: Path, told: str = "") -> None:
        folder.mkdir(parents=True)
        config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
        hooks = {"webhook_configs": [{"url": told}]} if told else {}
        config["receivers"] = [{"name": receiver["name"], **hooks} for receiver in config["receivers"]]
        config["templates"] = []
        for route in (config["route"], *config["route"]["routes"]):
            route.update(group_wait="0s", group_interval="1s", repeat_interval="2s")
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        port = free_port()
        super().__init__([needed("prometheus-alertmanager"), "--config.file=alertmanager.yml", "--storage.path=data",
                          f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], folder, port)  # fmt: skip

    def holds(self, scene: str = "") -> set[str]:
        """Return the names of the alerts of one scene that have not ended."""
        asked = urlencode({"filter": f'scene="{scene}"'})
        with urlopen(f"{self.url}/api/v2/alerts?{asked}", timeout=5) as answer:
            return {alert["labels"]["alertname"] for alert in json.load(answer)}


class Prometheus(Program):
    """Scrapes workers each second under the job's shipped name; its alerts carry the scene's."""

    def __init__(
        self, folder: Path, scene: str, workers: Sequence[str], alertmanager: Alertmanager, *, windows: Mapping[str, str] = NOTHING,
        offsets: Mapping[str, str] = NOTHING, others: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """``others``: addresses of more Alertmanagers, to which it tells nothing and which it watches, as it does itself then."""
        folder.mkdir(parents=True)
        config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
        self._folder, self._workers, port = folder, folder / "workers.json", free_port()
        self.knows(*workers)
        found: dict[str, dict[str, Any]] = {
            "threadwatch": {"file_sd_configs": [{"files": [self._workers.name], "refresh_interval": "1s"}]},
            "alertmanager": {"static_configs": [{"targets": [url.removeprefix("http://") for url in (alertmanager.url, *others)]}]},
        }
        if others:
            found["prometheus"] = {"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        config["global"] = {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "1s",
            "external_labels": {"scene": scene},
        }
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]
        config["rule_files"] = [write_rules(folder / "rules", windows, offsets)]
        jobs = [scraped["job_name"] for scraped in config["scrape_configs"]]
        config["scrape_configs"] = [{"job_name": job, **found[job]} for job in jobs if job in found]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        super().__init__([needed("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--rules.alert.resend-delay=1s",
                          f"--web.listen-address=127.0.0.1:{port}"], folder, port)  # fmt: skip
        self._scene, self._alertmanager = scene, alertmanager

    def knows(self, *workers: str) -> None:
        """Let it find these workers from now on (``host:port``): as with compose, one that is stopped has no name any more."""
        write_targets(self._workers, workers)

    @contextmanager
    def reading(self, name: str, text: str) -> Iterator[None]:
        """Let it read its files again with this text at the end of one of them, which need not be there; at the end, as they were."""
        file = self._folder / name
        before = file.read_text(encoding="utf-8") if file.exists() else None
        file.write_text((before or "") + text, encoding="utf-8")
        self._running.send_signal(signal.SIGHUP)
        try:
            yield
        finally:
            file.unlink() if before is None else file.write_text(before, encoding="utf-8")
            self._running.send_signal(signal.SIGHUP)

    def value(self, expression: str) -> float:
        """Return what an expression gives now, summed; 0 for nothing."""
        with urlopen(f"{self.url}/api/v1/query?{urlencode({'query': expression})}", timeout=5) as answer:
            return sum(float(series["value"][1]) for series in json.load(answer)["data"]["result"])

    async def fires(self, *alerts: str) -> None:
        """Come back when Alertmanager has held each of these, together or one after the other."""
        unseen = set(alerts)

        async def seen() -> bool:
            unseen.difference_update(await self._held())
            return not unseen

        try:
            await until(f"{self._scene}: {alerts} fire", seen, within=PATIENCE)
        except AssertionError as never:
            never.add_note(f"not seen: {sorted(unseen)}; scraped now: {self.value('up')} of {self.value('count(up)')}")
            raise

    async def ends(self, *alerts: str) -> None:
        """Come back when Alertmanager holds none of these."""

        async def over() -> bool:
            return not await self._held() & set(alerts)

        await until(f"{self._scene}: {alerts} end", over, within=PATIENCE)

    async def _held(self) -> set[str]:
        return await asyncio.to_thread(self._alertmanager.holds, self._scene)


def write_targets(file: Path, workers: Sequence[str]) -> None:
    """Write the workers that a Prometheus finds in this file; never half of them."""
    (new := file.with_suffix(".new")).write_text(json.dumps([{"targets": list(workers)}]), encoding="utf-8")
    new.replace(file)


class Inbox:
    """What Alertmanager tells: answers each notification with ``answer``; where that is 0, not at all. Use as an async context manager."""

    def __init__(self) -> None:
        self.answer, self.url = 200, ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        await request.read()
        if not self.answer:
            await asyncio.sleep(PATIENCE)
        return web.Response(status=self.answer or 500)


class Door:
    """Stands before an Alertmanager. Shut, nobody gets through: connections are refused and those that were open are cut.

    Use as an async context manager: open at first, shut in the end.
    """

    def __init__(self, url: str) -> None:
        self._behind = int(url.rpartition(":")[2])
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._server: asyncio.Server | None = None
        self._through: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def open(self) -> None:
        """Let through."""
        self._server = await asyncio.start_server(self._came, "127.0.0.1", self._port)

    async def shut(self) -> None:
        """Let nobody through; come back when nobody is inside."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._through:
            writer.close()
        await asyncio.gather(*self._passing)

    def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.create_task(self._pass(reader, writer))
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:  # nobody is behind it
            writer.close()
            return
        self._through |= {writer, forth}
        await asyncio.gather(_pump(reader, forth), _pump(back, writer))
        self._through -= {writer, forth}


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()
        await asyncio.gather(sink.wait_closed(), return_exceptions=True)


__all__ = ["Alertmanager", "Door", "Inbox", "Program", "Prometheus", "write_targets"]
