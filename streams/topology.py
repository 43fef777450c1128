"""THE MAP, in one place, readable top to bottom."""

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from streams.pseudonyms import pseudonym
from streams.scorers import Scorer
from streams.stages import address, alert, score
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Config as AlertConfig
from streams.stages.alert import Mute
from streams.stages.esr.calibration import Calibration
from streams.stages.pileon import Config as PileOnConfig
from streams.stages.pileon import PileOns, Which
from streams.stages.step import Stage
from streams.stages.whom.model import VERSION as HOSTILITY

if TYPE_CHECKING:
    from streams.stages.ranking.ranker import Ranker

STAGES: Final = ("score", "address", "pileon", "alert")


class Config(Struct, frozen=True, kw_only=True):
    """What the stages need to know, each its own part."""

    address: AddressConfig = AddressConfig()
    rankers: "dict[str, Ranker]" = {}
    """By source, what ``address.rankers`` names."""
    pileon: PileOnConfig = PileOnConfig()
    pileon_overrides: dict[tuple[str, str], PileOnConfig] = {}
    """(source, community) → the detector's settings there."""
    detector: Which = Which.WINDOW
    shadow: bool = False
    """Whether the other detector runs along, and tells nobody."""
    calibration: Calibration = Calibration()
    """What the detector ``e-SR`` takes for usual until the log says otherwise."""
    lateness: dict[str, timedelta] = {}
    """source → how long after it was written a comment may arrive and still count; default 24 h."""
    alert: AlertConfig = AlertConfig()
    mutes: tuple[Mute, ...] = ()
    installation_key: bytes = b"threadwatch"
    """Ids that leave the process are HMACs under this key."""

    def of(self, stage: str) -> tuple[object, ...]:
        """Return the settings that matter to what a stage decides."""
        overrides = sorted(self.pileon_overrides.items())
        return {
            "score": (),
            # Under another key nothing in state is known; another model's hostility is not comparable.
            "address": (self.address, pseudonym(self.installation_key, "state.address"), HOSTILITY, *self._ranked()),
            "pileon": (self.pileon, overrides, sorted(self.lateness.items()), *self._evidence()),
            "alert": (),
        }[stage]

    def _ranked(self) -> tuple[object, ...]:
        return tuple((source, ranker.digest) for source, ranker in sorted(self.rankers.items()))

    def addressed(self) -> tuple[Any, ...]:
        """Return what makes the stage ``address``, or one like it."""
        return self.address, self.installation_key, self.rankers

    def pileons(self) -> PileOns:
        """Return the stage that tells pile-ons."""
        return PileOns(*self.of_pileons(), shadow=self.shadow)

    def of_pileons(self) -> tuple[Any, ...]:
        """Return what makes that stage, or one that follows."""
        return self.pileon, self.pileon_overrides, self.lateness, self.installation_key, self.detector, self.calibration

    def _evidence(self) -> tuple[object, ...]:
        is_plain = self.detector is Which.WINDOW and not self.shadow
        return () if is_plain else (self.detector, self.shadow, self.calibration)


def topology(scorer: Scorer, config: Config) -> tuple[Stage, ...]:
    """Return the stages, first to last: what each reads is what the one before it writes."""
    return (
        score.Score(scorer),  # comments.raw → comments.scored
        address.Address(*config.addressed()),  # comments.scored → replies
        config.pileons(),  # replies → pileons
        alert.Alerts(config.alert, config.mutes),  # pileons → Alertmanager
    )


def config_hash(*configs: Any) -> str:
    """Return a short hash of the settings that matter to results."""
    return hashlib.sha256(b"\n".join(msgspec.json.encode(config, order="sorted") for config in configs)).hexdigest()[:12]
