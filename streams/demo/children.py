"""The processes that the demo starts and must stop: a worker that is restarted as a supervisor would, and tools beside it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from streams.errors import UNEXPECTED, UserError
from streams.kafka.embedded import last_line

_STOP_WITHIN: Final = 40.0
_METRICS: Final = re.compile(r"metrics (http://\S+)/metrics")


class WorkerProcess:
    """``threadwatch worker`` in a process of its own; exit 70 restarts it, 2 and 3 do not."""

    def __init__(self, environment: dict[str, str], log: Path, arguments: tuple[str, ...] = ()) -> None:
        self._environment, self._log = environment, log
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self.restarts = 0
        self.gave_up: int | None = None
        """Exit code that no restart can mend."""

    def start(self) -> None:
        """Start it, and a thread that watches it."""
        self._spawn()
        threading.Thread(target=self._supervise, name="supervisor", daemon=True).start()

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "streams", "worker", "--metrics-port", "0", *self._arguments]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=os.environ | self._environment, start_new_session=True
            )

    def _supervise(self) -> None:
        while not self._stopping.is_set() and self._process is not None:
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if code not in (UNEXPECTED, -signal.SIGKILL):
                self.gave_up = code
                return
            self.restarts += 1
            if self._stopping.wait(1):
                return
            self._spawn()

    def check(self) -> None:
        """Raise UserError with the worker's last words when no restart can mend it."""
        if self.gave_up is not None:
            raise UserError(f"the worker ended with exit {self.gave_up}: {self.last_words()} (see {self._log})")

    def last_words(self) -> str:
        """Return the last line of its log."""
        return last_words(self._log)

    def metrics(self) -> str | None:
        """Return the address of its web server, once it listens."""
        found = _METRICS.findall(self._log.read_text(errors="replace")) if self._log.exists() else []
        return found[-1] if found else None

    def kill(self) -> None:
        """Kill it without warning; the supervisor starts it again."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """Ask it to finish what is in flight and end; kill it after 40 s."""
        self._stopping.set()
        if self._process is not None and self._process.poll() is None:
            stop_process(self._process)


class ConsoleProcess:
    """``threadwatch console`` on a port of the loopback, with a read model that goes when it stops."""

    def __init__(self, environment: dict[str, str], log: Path, port: int) -> None:
        self._environment, self._log = environment, log
        self._folder = Path(tempfile.mkdtemp(prefix="threadwatch-console-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._port = port

    @property
    def address(self) -> str:
        """Return where it is, or will be."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it; it listens within a second."""
        command = [sys.executable, "-m", "streams", "console", "--host", "127.0.0.1", "--port", str(self._port),
                   "--model", str(self._folder / "console.db")]  # fmt: skip
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=os.environ | self._environment, start_new_session=True
            )

    def is_up(self) -> bool:
        """Return whether it listens. UserError with its last words when it ended."""
        if self._process is not None and self._process.poll() is not None:
            raise UserError(f"the console ended with exit {self._process.returncode}: {last_words(self._log)} (see {self._log})")
        return "console http" in self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Stop it and remove what it read."""
        if self._process is not None and self._process.poll() is None:
            stop_process(self._process, within=10)
        shutil.rmtree(self._folder, ignore_errors=True)


def last_words(log: Path) -> str:
    """Return a log's last line."""
    return last_line(log.read_text(errors="replace"))


def stop_process(process: "subprocess.Popen[bytes]", within: float = _STOP_WITHIN) -> None:
    """SIGTERM, a wait, SIGKILL."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
