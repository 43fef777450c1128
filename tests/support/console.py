"""A console over a read model fed by hand, asked without a broker."""

from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.testclient import TestClient

from streams.console.access import Access
from streams.console.application import application
from streams.console.audit import FILE, Audit
from streams.console.desk import Desk, templates
from streams.console.feed import Feed
from streams.console.store import Store
from streams.settings import Settings, load
from tests.support.reading import KEY, NUMBERS, taken

AT: Final = "http://127.0.0.1:8470"
NOBODY_LISTENS: Final = "127.0.0.1:1"


class Console:
    """Its pages, its read model and its audit log."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.settings = settings or load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(folder)})
        self.store = Store(folder / "console.db", "")
        self.feed = Feed(self.settings, self.store, NUMBERS)
        self.feed.reading.caught_up = True
        self.audit_file = folder / FILE
        self.access = Access(self.settings.console, KEY)
        self.app = application(Desk(self.settings, self.store.file, NUMBERS, self.access, Audit(self.audit_file), self.feed, templates()))
        self.client = self.browser()

    def browser(self, at: str = AT, address: str = "127.0.0.1", **headers: str) -> TestClient:
        """Return one more browser, with cookies of its own, that comes from this address."""
        given = {"accept": "text/html", **headers}
        return TestClient(self.app, base_url=at, headers=given, follow_redirects=False, client=(address, 50000))

    def take(self, **records: Any) -> None:
        """Feed records."""
        self.store.apply(taken(**records))

    def audited(self) -> list[dict[str, Any]]:
        """Return the audit log."""
        return [msgspec.json.decode(line) for line in self.audit_file.read_bytes().splitlines()] if self.audit_file.exists() else []

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()
