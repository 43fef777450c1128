"""replies → pileons: where many turn on one."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from streams.records import PileOn
from streams.stages.episode import COUNTED, DUPLICATE, LATE, NOT_QUALIFYING, UNSCORED
from streams.stages.esr.behind import EvidenceDetector
from streams.stages.esr.calibration import Calibration
from streams.stages.esr.episode import SURGE
from streams.stages.ledger import Target
from streams.stages.pileon_config import Config, Which
from streams.stages.shadow import NOTES as SHADOW_NOTES
from streams.stages.shadow import Shadowed
from streams.stages.step import Arrived, Step
from streams.stages.window import WindowDetector
from streams.topics import PILEONS, REPLIES, Topic

__all__ = ["Config", "Detector", "Following", "PileOns", "Which"]


class Detector(Protocol):
    """What tells a pile-on: a batch of one partition's replies and ticks in, one step for each out, in order."""

    name: str

    def new_store(self) -> Any:
        """Return the state of a partition where nothing happened yet."""

    def new_followed(self) -> Any:
        """Return the same for ``follow``."""

    def follow(self, store: Any, record: Any) -> tuple[str, list[PileOn], list[str]]:
        """Return outcome, transitions and notes of one record, as ``steps`` has them, and change the store by it."""

    def steps(self, store: Any, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per record; the caller applies each before it takes the next."""


class PileOns:
    """The stage. Replies are counted, late, not qualifying or duplicates, and nothing else."""

    name = "pileon"
    source = REPLIES
    sink: Topic | None = PILEONS
    entry: Any = Target
    outcomes: tuple[str, ...] = (COUNTED, LATE, NOT_QUALIFYING, DUPLICATE, "tick", "config_change", "judged")
    notes = ("evicted", "people_unknown", UNSCORED, SURGE, *SHADOW_NOTES)

    def __init__(
        self,
        config: Config,
        overrides: dict[tuple[str, str], Config],
        lateness: dict[str, timedelta],
        installation_key: bytes,
        which: Which = Which.WINDOW,
        calibration: Calibration | None = None,
        *,
        shadow: bool = False,
    ) -> None:
        """``overrides`` by (source, community), ``lateness`` by source. ``calibration``: what ``e-SR`` takes for usual at first.

        ``shadow``: the detector that does not decide runs along.
        """
        given = (config, overrides, lateness, installation_key)
        both = {Which.WINDOW: WindowDetector(*given), Which.ESR: EvidenceDetector(*given, calibration or Calibration())}
        live = both.pop(which)
        self.detector: Detector = Shadowed(live, *both.values()) if shadow else live

    def stop_shadow(self) -> None:
        """Let the detector that runs along stand still from now on, if there is one; the one that decides goes on."""
        if isinstance(self.detector, Shadowed):
            self.detector.is_still = True

    def new_store(self) -> Any:
        """Return an empty store."""
        return self.detector.new_store()

    def steps(self, store: Any, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per record, in order."""
        return self.detector.steps(store, arrived)


class Following(PileOns):
    """The same stage where nobody goes on from its state: it tells the same, and puts no entries."""

    def new_store(self) -> Any:
        """Return an empty store of the other kind."""
        return self.detector.new_followed()

    def steps(self, store: Any, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per record, in order."""
        for each in arrived:
            outcome, told, notes = self.detector.follow(store, each.record)
            yield Step(outcome, tuple(told), (), tuple(notes))
