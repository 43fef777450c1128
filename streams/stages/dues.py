"""Which open cases are due when."""

from heapq import heappop, heappush


class Dues:
    """When each case is due, in microseconds, by its target's key."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._in_heap: dict[str, int] = {}

    def put(self, key: str, due: int | None) -> None:
        """Note when a target's case is due; None: it has none."""
        if due is None:
            self.of.pop(key, None)
            return
        self.of[key] = due
        # One place in the heap for each case, put off when its time comes: a hot case would fill it otherwise.
        if key not in self._in_heap or due < self._in_heap[key]:
            self._push(due, key)

    def by(self, at: int) -> list[tuple[int, str]]:
        """Return (due, key) of those that are due by then, soonest first."""
        found = []
        while self._heap and self._heap[0][0] <= at:
            scheduled, key = heappop(self._heap)
            if self._in_heap.get(key) != scheduled:
                continue
            del self._in_heap[key]
            if key in self.of:
                found.append((self.of[key], key))
        for due, key in found:  # what was put off is looked at again when its own time comes
            self._push(due, key)
        return sorted((due, key) for due, key in found if due <= at)

    def soonest(self) -> int | None:
        """Return when one could be due, at the soonest: what was put off may come later. None: there is none."""
        return self._heap[0][0] if self._heap else None

    def _push(self, due: int, key: str) -> None:
        self._in_heap[key] = due
        heappush(self._heap, (due, key))
