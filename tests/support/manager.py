"""A real Alertmanager on the routes, inhibitions and texts that we ship."""

import asyncio
import re
import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import yaml

from tests.support.live import answers, until
from tests.support.programs import free_port, needed

TIMEOUTS: Final = (0, 30)
"""Since when requests to all that the example has may have a ``timeout``."""
DEPLOY: Final = Path(__file__).parents[2] / "deploy" / "alertmanager"


def shipped(webhook: str) -> dict[str, Any]:
    """Return the shipped configuration with every receiver at this address, its waits as they are.

    Whether an end is told is what the example of receivers says.
    """
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager.yml").read_text(encoding="utf-8"))
    config["templates"] = [str(DEPLOY / "*.tmpl")]
    resolved = {receiver["name"]: _tells_ends(receiver) for receiver in example()["receivers"]}
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": webhook, "send_resolved": resolved[receiver["name"]]}]
    return config


def example(commented: str = "") -> dict[str, Any]:
    """Return the example of receivers; ``commented``, taken away, lets what it proposes in.

    As it is where the Alertmanager here knows ``timeout``; without it where it does not, as Debian's 0.25.
    """
    text = (DEPLOY / "receivers.example.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text.replace(commented, "") if commented else text)
    for channel in channels(found) if release() < TIMEOUTS else ():
        channel.pop("timeout", None)
    return found


@cache
def release() -> tuple[int, ...]:
    """Return which Alertmanager is here: ``(0, 25)``."""
    ran = subprocess.run([needed("prometheus-alertmanager"), "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+)\.(\d+)", ran.stdout + ran.stderr)
    assert found is not None, ran.stdout
    return tuple(int(number) for number in found.groups())


def channels(config: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    """Return the channels of all receivers, or those of some kinds (``slack_configs``)."""
    named = [(kind, channel) for receiver in config["receivers"] for kind, some in receiver.items() if kind != "name" for channel in some]
    return [channel for kind, channel in named if not kinds or kind in kinds]


def _tells_ends(receiver: dict[str, Any]) -> bool:
    (told,) = {channel["send_resolved"] for kind, channels in receiver.items() if kind != "name" for channel in channels}
    return bool(told)


def hurried(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with every wait short; what is told at once stays so."""
    for route in (config["route"], *config["route"]["routes"]):
        route["group_wait"] = "0s" if route.get("group_wait") == "0s" else "200ms"
        route["group_interval"] = "1s"
    return config


class Manager:
    """Use as an async context manager. It can be stopped, killed and started again, with what it wrote to its folder."""

    def __init__(self, folder: Path, config: dict[str, Any], *options: str) -> None:
        self._folder, self._options, self._port = folder, options, free_port()
        self._folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: asyncio.subprocess.Process | None = None
        self.configure(config)

    def configure(self, config: dict[str, Any]) -> None:
        """Write its configuration; it is read at the start, or by ``reload``."""
        (self._folder / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Come back when it is ready; fail with its last words when it ended."""
        command = [needed("prometheus-alertmanager"), f"--config.file={self._folder}/alertmanager.yml",
                   f"--storage.path={self._folder}/data", f"--web.listen-address=127.0.0.1:{self._port}",
                   *(self._options or ("--cluster.listen-address=",))]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        await until(f"{self.url} is ready", self._is_ready, within=30)

    async def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.said()
        return bool(await asyncio.to_thread(answers, f"{self.url}/-/ready"))

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it; with SIGKILL it cannot write down what it told."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()

    async def reload(self) -> int:
        """Let it read its configuration again; return what it answers."""
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/-/reload") as answer:
            return answer.status

    async def active(self) -> list[dict[str, Any]]:
        """Return the alerts that it holds and that have not ended."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found

    def metric(self, name: str, **labels: str) -> float:
        """Return one of its own metrics, summed over the series with these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in answers(f"{self.url}/metrics").splitlines() if line.partition(" ")[0].partition("{")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))

    def said(self) -> str:
        """Return what it wrote to its log."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")


__all__ = ["DEPLOY", "Manager", "channels", "example", "hurried", "shipped"]
