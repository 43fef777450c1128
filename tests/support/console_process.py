"""``threadwatch console`` on a running broker, as a process that a test may stop and kill."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Final

from streams.console.store import Store
from streams.demo.children import last_words, stop_process
from tests.support.live import Live, answers, until

_ADDRESS: Final = re.compile(r"^console (http://\S+)$", re.MULTILINE)


class ConsoleProcess:
    """One console on an instance's topics, with its read model in that instance's folder."""

    def __init__(self, live: Live, name: str = "console") -> None:
        self._live = live
        self.model: Path = live.folder / f"{name}.db"
        self.audit_file = live.folder / "console-audit.jsonl"
        self._log = live.folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Start it."""
        command = [sys.executable, "-m", "streams", "console", "--port", "0", "--model", str(self.model), *arguments]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                command, env=os.environ | self._live.environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
            )

    async def up(self, *arguments: str) -> str:
        """Start it and return its address once it listens."""
        self.start(*arguments)
        return str(await until("the console listens", self._address))

    def _address(self) -> str:
        assert self._process is not None and self._process.poll() is None, self.said()
        found = _ADDRESS.findall(self.said())
        return found[-1] if found else ""

    async def caught_up(self) -> None:
        """Wait until it is at the end of every topic."""
        await until("the console has read all there is", lambda: answers(f"{self._address()}/readyz"))

    def page(self, path: str) -> str:
        """Return what it answers."""
        with urllib.request.urlopen(self._address() + path, timeout=10) as answer:
            return str(answer.read().decode())

    def said(self) -> str:
        """Return its log."""
        return self._log.read_text(errors="replace")

    def last_words(self) -> str:
        """Return its log's last line."""
        return last_words(self._log)

    async def ended(self) -> int:
        """Return its exit code once it ended by itself."""
        assert self._process is not None
        await until("the console ends", lambda: self._process is not None and self._process.poll() is not None)
        return int(self._process.returncode)

    def kill(self) -> None:
        """Kill it without warning."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Stop it as a supervisor would; return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            stop_process(self._process, within=15)
        return int(self._process.returncode)

    def store(self) -> Store:
        """Return the read model of one that is not running."""
        return Store(self.model, self._live.settings.kafka.prefix)
