"""What the worker tells the outside: metrics of every batch applied, and one log line per pile-on transition."""

import logging
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry

from streams.engine import Effects
from streams.live.telling import digest
from streams.metrics import Metrics
from streams.pseudonyms import comment_reference
from streams.records import Comment, PileOn
from streams.settings import Settings
from streams.stages.firing import Firing
from streams.stages.step import Stage
from streams.topics import PILEONS

log = logging.getLogger("threadwatch.live")
_REFUSED_LINE_EVERY = 30.0


class Watch:
    """Metrics and log lines; ids and numbers only, never a name or a text."""

    def __init__(
        self, settings: Settings, registry: CollectorRegistry, stages: Sequence[Stage], scorer: str, configuration: str,
        key: bytes | None = None,
    ) -> None:  # fmt: skip
        """``key``: the installation's, under which exemplars refer to comments; without it there are none."""
        self.registry = registry
        sources = {name: source.communities for name, source in settings.sources.items()}
        self.metrics = Metrics(
            registry,
            {stage.name: stage.outcomes for stage in stages},
            sources=sources,
            notes=[note for stage in stages for note in getattr(stage, "notes", ())],
            receivers=[webhook.name for webhook in settings.webhooks],
            scorer=scorer,
            refer=_referring(key) if key is not None else None,
        )
        self.metrics.describe(
            version=version("threadwatch"), python=platform.python_version(), scorer=scorer, configuration=configuration,
            telling=digest(settings, key or b"") if any(stage.name == "alert" for stage in stages) else "",
        )  # fmt: skip
        self.metrics.started(datetime.now(UTC))
        self.metrics.broker_up.set(1)
        self.broker_is_away = False
        self._refused_said = float("-inf")

    def applied(self, stage: Stage, effects: Effects, seconds: float) -> None:
        """Count a batch that was applied."""
        self.metrics.turned(stage.name, effects, seconds, datetime.now(UTC))
        if stage.sink is PILEONS:
            for pileon in effects.outputs:
                _say(pileon)

    def ticked(self) -> None:
        """Count a tick written."""
        self.metrics.ticked()

    def open_now(self, cases: Iterable[Any]) -> None:
        """Set how many pile-ons are open on this worker's partitions."""
        self.metrics.pileons_open(cases)

    def told_now(self, entries: Iterable[Any]) -> None:
        """Set of how many of them people were told, of what the alert stage knows."""
        self.metrics.pileons_told(entry for entry in entries if isinstance(entry, Firing))

    def lag(self, topic: str, waiting: Mapping[int, int]) -> None:
        """Set what waits per partition."""
        self.metrics.lag(topic, waiting)

    def broker_away(self, why: str) -> None:
        """Say that the broker does not answer, once until it is back; the stages wait for it by themselves."""
        if not self.broker_is_away:
            self.broker_is_away = True
            self.metrics.broker_up.set(0)
            log.warning("the broker does not answer (%s); waiting for it", why)

    def broker_back(self) -> None:
        """Say that it answers again, once."""
        if self.broker_is_away:
            self.broker_is_away = False
            self.metrics.broker_up.set(1)
            log.warning("the broker answers again")

    def broker_refused(self, what: str, why: str) -> None:
        """Say once in a while that the broker answers, but not this; it is tried again."""
        if time.monotonic() - self._refused_said > _REFUSED_LINE_EVERY:
            self._refused_said = time.monotonic()
            log.warning("the broker answers, but %s is not possible (%s); trying again", what, why)


def _referring(key: bytes) -> Callable[[Comment], str]:
    return lambda comment: comment_reference(key, comment.source, comment.conversation_id, comment.comment_id)


def _say(pileon: PileOn) -> None:
    fields: dict[str, Any] = {
        "pileon": pileon.pileon_id,
        "revision": pileon.revision,
        "severity": pileon.severity,
        "authors": pileon.hostile_authors,
    }
    log.info("pile-on %s %s", pileon.status, " ".join(f"{name}={value}" for name, value in fields.items()))
