"""What a replay from ``replies`` rests on: the settings of detector and alerts, and nothing that stands in the log already."""

from importlib.metadata import version

from msgspec import Struct

from streams.errors import UserError
from streams.pseudonyms import installation_key, pseudonym
from streams.replay.plan import following
from streams.replay.recording import Live
from streams.replay.replies.fold import Rules
from streams.replay.summary import configuration_hash
from streams.settings import Settings, topology_config
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Alerts
from streams.topology import config_hash


class Plan(Struct, frozen=True, kw_only=True):
    """What a replay of ``replies`` rests on."""

    settings: Settings
    program: str
    detector: str
    configuration: str


def rules_of(settings: Settings) -> Rules:
    """Return the stages behind ``replies``."""
    config = topology_config(settings, installation_key(settings.data))
    return Rules(following(config), Alerts(config.alert, config.mutes))


def planned(settings: Settings, live: Live) -> Plan:
    """Return the plan of a replay with these settings. UserError where they ask for what stands in the log already.

    Makes the installation key where there is none.
    """
    key = installation_key(settings.data)
    config = topology_config(settings, key)
    check_addressing(settings, config_hash(*config.of("address")), live)
    matters = [config.of("pileon"), config.alert, config.mutes, pseudonym(key, "configuration")]
    return Plan(
        settings=settings,
        program=f"threadwatch {version('threadwatch')}",
        detector=str(following(config).detector.name),
        configuration=configuration_hash("replies", matters),
    )


def check_addressing(settings: Settings, ours: str, live: Live) -> None:
    """Raise UserError where these settings address in a way of their own that is not known to be that of then."""
    if settings.address != AddressConfig() and live.addressing and ours not in live.addressing:
        raise UserError(
            f"[address] of these settings ({ours}) is not what addressed these replies ({', '.join(live.addressing)}), and from replies "
            "it cannot be changed: leave [address] out, or replay --topic comments.raw"
        )
