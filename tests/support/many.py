"""A program started apart, its own processes, and what becomes of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

PATIENCE = 60.0


class Started:
    """``threadwatch`` with these arguments, in a session of its own. Use as a context manager."""

    def __init__(self, *arguments: str, program: Sequence[str] = ("-m", "streams")) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def workers(self, count: int) -> list[int]:
        """Return the ids of its processes once there are so many."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            found = [pid for pid in _children(self.process.pid) if "spawn_main" in _command(pid)]
            if len(found) == count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"no {count} processes: {self.process.communicate()}")

    def press_ctrl_c(self) -> None:
        """Do what a terminal does: the whole group is told."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ended(self) -> tuple[int, str]:
        """Return its exit code, and what it said on stderr."""
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def are_gone(pids: Sequence[int]) -> bool:
    """Return whether none of these processes is left, after a moment."""
    deadline = time.monotonic() + PATIENCE
    while any("spawn_main" in _command(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any("spawn_main" in _command(pid) for pid in pids)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
