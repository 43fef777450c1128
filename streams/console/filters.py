"""Which cases a list shows: a filter as it stands in the address of the page. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Severity

STATUSES: Final = ("open", "closed", "all")
NOBODY, SOMEBODY = "nobody", "somebody"
BY: Final = "by:"
"""Before a name: those that this one holds."""
_IN_HAND: Final = "pileon_id IN (SELECT pileon_id FROM held)"


class Filter(Struct, frozen=True):
    """Which cases; as it stands in the address of the page."""

    source: str = ""
    community: str = ""
    severity: str = ""
    status: str = "open"
    held: str = ""
    """By ``nobody``, by ``somebody``, or ``by:`` a name."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """Return the filter of an address. What is no status or severity counts as not given."""
        severity, status, held = query.get("severity", ""), query.get("status", ""), query.get("held", "")
        return cls(
            query.get("source", "")[:512], query.get("community", "")[:512],
            severity if severity in list(Severity) else "", status if status in STATUSES else "open",
            held[:515] if held in (NOBODY, SOMEBODY) or held.startswith(BY) else "",
        )  # fmt: skip

    def query(self) -> dict[str, str]:
        """Return what stands in the address; what is as usual is left out."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value and (name, value) != ("status", "open")}

    def ended(self) -> "Filter":
        """Return the same, of those that ended."""
        return msgspec.structs.replace(self, status="closed")

    def where(self) -> tuple[str, list[str]]:
        """Return SQL and its values."""
        values: list[str] = []
        parts = ["status = 'closed'" if self.status == "closed" else "status != 'closed'" if self.status == "open" else "1"]
        for name in ("source", "community", "severity"):
            if value := getattr(self, name):
                parts.append(f"{name} = ?")
                values.append(value)
        if self.holder:
            parts.append("pileon_id IN (SELECT pileon_id FROM held WHERE who = ?)")
            values.append(self.holder)
        elif self.held:
            parts.append(_IN_HAND if self.held == SOMEBODY else f"NOT {_IN_HAND}")
        return " AND ".join(parts), values

    @property
    def holder(self) -> str:
        """Return whose cases are wanted; empty where it does not matter."""
        return self.held.removeprefix(BY) if self.held.startswith(BY) else ""
