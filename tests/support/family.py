"""Who is whose child, by /proc."""

from pathlib import Path


def children(process: int) -> list[int]:
    """Return the children of a process's first thread; none where it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def computing(worker: int) -> list[int]:
    """Return the processes that compute for a worker: its loader's children."""
    return [child for loader in children(worker) for child in children(loader)]


def parent_of(process: int) -> int:
    """Return the parent of a process."""
    return int(_after_name(process)[1])


def is_alive(process: int) -> bool:
    """Return whether a process is there and more than an entry that nobody has read."""
    try:
        return _after_name(process)[0] != "Z"
    except OSError:
        return False


def _after_name(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
