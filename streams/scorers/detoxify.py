"""Detoxify's transformers, loaded by the detoxify package itself: from its hub, or from local files without any network.

In the exact lane scores equal ``Detoxify.predict``'s, rounded to 4 decimals, for what fits the model. What is longer is
read in overlapping pieces and the worst counts, where ``predict`` would drop the rest without a word.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.scorers import Config, ScorerUnavailable
from streams.scorers.checkpoint import CHECKPOINT, CONFIG, Local, check_files
from streams.scorers.loading import Recipe
from streams.scorers.pulled import found as pulled
from streams.scorers.transformer.engine import Engine, Loaded
from streams.scorers.transformer.kernel.building import built
from streams.scorers.transformer.pool import Pool
from streams.scorers.transformer.scoring import Detoxify

MODELS: Final = ("original", "unbiased", "multilingual", "original-small", "unbiased-small")
FAST: Final = "fast"

log = logging.getLogger(__name__)


def open_detoxify(
    name: str, config: Config | None = None, local: Local | None = None, device: str | None = None, kernel: str = ""
) -> Detoxify:  # fmt: skip
    """Return the scorer for one of Detoxify's models: ``original``, or ``original:fast`` for the fast lane.

    Where ``local`` is not given, the variables THREADWATCH_DETOXIFY_CHECKPOINT and THREADWATCH_DETOXIFY_CONFIG make it local, else
    what ``threadwatch models pull`` fetched; with local files nothing is fetched. Without ``config`` it computes in this process.
    ``kernel`` is the path of the fast lane's kernel; else, with a ``config``, the one that ``threadwatch models build`` made is taken.
    Raises ScorerUnavailable where the extra, a file or the network is missing, or where the fast lane fails its test.
    """
    model, _, lane = name.partition(":")
    if model not in MODELS or lane not in ("", FAST):
        raise ScorerUnavailable(
            f"there is no scorer 'detoxify:{name}'; there are: {', '.join(f'detoxify:{each}' for each in MODELS)}, each also with :fast"
        )
    local = local or _named(os.environ) or (pulled(Path(config.models), model) if config else None)
    if local:
        check_files(local)
    kernel = kernel or (built(Path(config.models)) if config else "")
    recipe = Recipe(model, local, device or _device(), is_fast=bool(lane), kernel=kernel)
    if recipe.is_fast and recipe.device != "cpu":
        raise ScorerUnavailable(f"detoxify:{name} is for processors; on {recipe.device} leave :fast away")
    processes = _processes(config) if config and recipe.device == "cpu" else 0
    engine: Engine = Pool(recipe, processes) if processes else Loaded(recipe)
    for refused in engine.about.refused:
        log.warning(refused)
    scored_by = f"detoxify:{name}@{engine.about.version}"
    return Detoxify(
        engine, scored_by, is_fast=recipe.is_fast, remember=config.remember if config else 0, processes=max(1, processes)
    )  # fmt: skip


def _named(environment: Mapping[str, str]) -> Local | None:
    """Return the local files that the environment names, if it does. Raises ScorerUnavailable where one of the two is missing."""
    weights, folder = environment.get(CHECKPOINT), environment.get(CONFIG)
    if not weights and not folder:
        return None
    if not weights or not folder:
        raise ScorerUnavailable(f"local Detoxify files need both {CHECKPOINT} (the .ckpt file) and {CONFIG} (the folder with config.json)")
    return Local(Path(weights), Path(folder))


def _device() -> str:
    """Return where to compute, without importing torch where there is no GPU's driver."""
    if not Path("/dev/nvidiactl").exists():
        return "cpu"
    try:
        import torch
    except ImportError:
        return "cpu"  # what is missing is told by whoever loads
    return "cuda" if torch.cuda.is_available() else "cpu"


def _processes(config: Config) -> int:
    """Return how many processes compute: as asked, else one per core that we may use; 0 where there is no fork."""
    if not hasattr(os, "fork"):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return config.processes or cores
