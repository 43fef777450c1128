"""With which stages and settings the period is replayed: those that hold here, held against the hash that the live state names."""

from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import version

from msgspec import Struct

from streams.pseudonyms import installation_key
from streams.replay.plan import following
from streams.settings import Settings, topology_config
from streams.stages.address import Address
from streams.stages.alert import Alerts
from streams.stages.step import Stage
from streams.topology import config_hash


class Rules(Struct, frozen=True):
    """The stages whose work is verified, and what tells them from others."""

    pileon: Stage
    address: Stage
    """What makes the replies again where they are replayed from the comments."""
    alert: Stage
    configuration: str
    """The hash that ``state.pileon`` holds where the live program has the same settings."""
    addressing: str
    """That of ``state.address``."""
    lateness: Mapping[str, timedelta]
    """Source → how long after it was written a comment may arrive and still count."""
    detector: str
    program: str


def rules_of(settings: Settings) -> Rules:
    """Return the stages of these settings. No scorer is loaded: they read what was scored long ago."""
    config = topology_config(settings, installation_key(settings.data))
    pileons = following(config)
    return Rules(
        pileon=pileons,
        alert=Alerts(config.alert, config.mutes),
        address=Address(*config.addressed()),
        configuration=config_hash(*config.of("pileon")),
        addressing=config_hash(*config.of("address")),
        lateness=config.lateness,
        detector=pileons.detector.name,
        program=f"threadwatch {version('threadwatch')}",
    )
