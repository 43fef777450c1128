"""Memory of a process and those that it started, looked at while it works."""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_EVERY = 0.05


class Peak:
    """Use as a context manager: ``mib`` is the most that this process and its own held together, in MiB."""

    def __init__(self) -> None:
        self.mib = 0.0
        self._done = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._done.wait(_EVERY):
            pids = [os.getpid(), *_children(os.getpid())]
            self.mib = max(self.mib, sum(map(_held, pids)) / 1024)


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def _held(pid: int) -> int:
    """Return kB that a process holds; 0 for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
