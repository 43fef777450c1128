"""THE MAP, in one place, readable top to bottom."""

import hashlib
from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.pseudonyms import pseudonym
from streams.scorers import Scorer
from streams.stages import address, alert, pileon, score
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Config as AlertConfig
from streams.stages.alert import Mute
from streams.stages.pileon import Config as PileOnConfig
from streams.stages.step import Stage

STAGES: Final = ("score", "address", "pileon", "alert")


class Config(Struct, frozen=True, kw_only=True):
    """What the stages need to know, each its own part."""

    address: AddressConfig = AddressConfig()
    pileon: PileOnConfig = PileOnConfig()
    pileon_overrides: dict[tuple[str, str], PileOnConfig] = {}
    """(source, community) → the detector's settings there."""
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
            "address": (self.address, pseudonym(self.installation_key, "state.address")),  # under another key nothing in state is known
            "pileon": (self.pileon, overrides, sorted(self.lateness.items())),
            "alert": (),
        }[stage]


def topology(scorer: Scorer, config: Config) -> tuple[Stage, ...]:
    """Return the stages, first to last: what each reads is what the one before it writes."""
    return (
        score.Score(scorer),  # comments.raw → comments.scored
        address.Address(config.address, config.installation_key),  # comments.scored → replies
        pileon.PileOns(config.pileon, config.pileon_overrides, config.lateness, config.installation_key),  # replies → pileons
        alert.Alerts(config.alert, config.mutes),  # pileons → Alertmanager
    )


def config_hash(*configs: Any) -> str:
    """Return a short hash of the settings that matter to results."""
    return hashlib.sha256(b"\n".join(msgspec.json.encode(config, order="sorted") for config in configs)).hexdigest()[:12]
