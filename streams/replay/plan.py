"""What a replay rests on, from the settings: its stages, and the names and the hash that its summary shows."""

from importlib.metadata import version

from streams.pseudonyms import installation_key, pseudonym
from streams.replay.from_file import Run
from streams.replay.reuse import Reuse, Reused
from streams.replay.summary import configuration_hash
from streams.scorers import Scorer
from streams.settings import Settings, topology_config
from streams.topology import topology


def planned(settings: Settings, scorer: Scorer) -> Run:
    """Return the plan of a replay with these settings and this scorer. Makes the installation key where there is none."""
    key = installation_key(settings.data)
    config = topology_config(settings, key)
    stages = topology(scorer, config)
    if isinstance(scorer, Reuse):
        stages = (Reused(scorer), *stages[1:])
    matters = [*(config.of(stage.name) for stage in stages), config.alert, config.mutes, pseudonym(key, "configuration")]
    return Run(
        stages=stages,
        program=f"threadwatch {version('threadwatch')}",
        scorer=scorer.name,
        detector=next(str(stage.detector.name) for stage in stages if stage.name == "pileon"),  # type: ignore[attr-defined]
        configuration=configuration_hash(scorer.name, matters),
        min_hostile_authors=config.pileon.min_hostile_authors,
    )
