"""What a replay rests on, from the settings: its stages, and the names and the hash that its summary shows."""

from collections.abc import Sequence
from importlib.metadata import version

from msgspec.structs import replace

from streams.errors import UserError
from streams.pseudonyms import installation_key, pseudonym
from streams.replay.addressing import BEFORE
from streams.replay.from_file import Run
from streams.replay.parts import Parted
from streams.replay.reuse import Reuse, Reused
from streams.replay.summary import configuration_hash
from streams.scorers import Scorer, ScorerUnavailable, open_scorer
from streams.settings import Settings, topology_config
from streams.stages.pileon import Following
from streams.stages.step import Stage
from streams.topology import Config, topology


def planned(settings: Settings, scorer: Scorer) -> Run:
    """Return the plan of a replay with these settings and this scorer. Makes the installation key where there is none."""
    key = installation_key(settings.data)
    config = topology_config(settings, key)
    score, _, _, alerts = topology(scorer, config)
    addressed = Parted(*config.addressed())
    pileons = following(config)
    stages: tuple[Stage, ...] = (Reused(scorer) if isinstance(scorer, Reuse) else score, addressed, pileons, alerts)
    matters = [*(config.of(stage.name) for stage in stages), config.alert, config.mutes, pseudonym(key, "configuration")]
    return Run(
        stages=stages,
        program=f"threadwatch {version('threadwatch')}",
        scorer=scorer.name,
        detector=pileons.detector.name,
        configuration=configuration_hash(scorer.name, matters),
        min_hostile_authors=config.pileon.min_hostile_authors,
    )


def following(config: Config) -> Following:
    """Return the detector of these settings, for a fold whose state nobody takes over."""
    return Following(*config.of_pileons())


def stages_before(settings: Settings, scorer: str, *, is_reused: bool) -> Sequence[Stage]:
    """Return the stages before the detector as ``planned`` makes them, in another process.

    Raises UserError where there is no such scorer.
    """
    try:
        opened = Reuse(scorer) if is_reused else open_scorer(scorer, replace(settings.scoring, processes=1))
    except ScorerUnavailable as error:
        raise UserError(f"--scorer: {error}") from error
    return planned(settings, opened).stages[: len(BEFORE)]
