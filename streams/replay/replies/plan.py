"""What a replay from ``replies`` rests on: the settings of detector and alerts, and nothing that stands in the log already."""

from importlib.metadata import version
from typing import Final

from msgspec import Struct

from streams.errors import UserError
from streams.pseudonyms import installation_key, pseudonym
from streams.replay.from_file import Run
from streams.replay.plan import following
from streams.replay.recording import Live
from streams.replay.replies.fold import Rules
from streams.replay.summary import configuration_hash
from streams.settings import Settings, topology_config
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Alerts
from streams.topology import config_hash

AS_IT_WAS: Final = "as it was live"


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


def run_of(settings: Settings) -> Run:
    """Return what a replay with these settings rests on. Makes the installation key where there is none."""
    key = installation_key(settings.data)
    config = topology_config(settings, key)
    rules = rules_of(settings)
    matters = [config.of("pileon"), config.alert, config.mutes, pseudonym(key, "configuration")]
    return Run(
        stages=(rules.pileon, rules.alert),
        program=f"threadwatch {version('threadwatch')}",
        scorer=AS_IT_WAS,
        detector=rules.pileon.detector.name,
        configuration=configuration_hash(AS_IT_WAS, matters),
        min_hostile_authors=config.pileon.min_hostile_authors,
    )


def planned(settings: Settings, live: Live) -> Plan:
    """Return the plan of a replay with these settings. UserError where they ask for what stands in the log already."""
    check_addressing(settings, live)
    run = run_of(settings)
    return Plan(settings=settings, program=run.program, detector=run.detector, configuration=run.configuration)


def check_addressing(settings: Settings, live: Live) -> None:
    """Raise UserError where these settings address in a way of their own that is not known to be that of then."""
    ours = config_hash(*topology_config(settings, installation_key(settings.data)).of("address"))
    if settings.address != AddressConfig() and live.addressing and ours not in live.addressing:
        raise UserError(
            f"[address] of these settings ({ours}) is not what addressed these replies ({', '.join(live.addressing)}), and from replies "
            "it cannot be changed: leave [address] out, or replay --topic comments.raw"
        )
