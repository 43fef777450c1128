"""A Detoxify model through the detoxify package itself: from its hub, or from local files without any network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct

from streams.scorers import ScorerUnavailable
from streams.scorers.checkpoint import CHECKPOINT, CONFIG, Local, digest, local_checkpoint

_KINDS: Final = {
    "original": "bert", "unbiased": "roberta", "multilingual": "xlm-roberta", "original-small": "albert", "unbiased-small": "albert",
}  # fmt: skip


class Recipe(Struct, frozen=True):
    """What another process needs to know to load the same model."""

    model: str
    local: Local | None = None
    device: str = "cpu"
    is_fast: bool = False
    kernel: str = ""
    """Path of the fast lane's kernel, where one is built; empty: torch alone."""


def load(recipe: Recipe) -> tuple[Any, str]:
    """Return a ``detoxify.Detoxify`` and its version so far: ``package+digest.torch``.

    Raises ScorerUnavailable where the extra, a file or the network is missing, or where files do not belong together.
    """
    try:
        import detoxify
        import torch
    except ImportError as error:
        raise ScorerUnavailable(
            f"detoxify:{recipe.model} needs the extra 'detoxify' ({error.name or error} is missing): pip install 'threadwatch[detoxify]' "
            "(docs/scorers.md has the recipe for machines without a GPU), or use --scorer linear"
        ) from error
    with _without_progress_bars():
        loaded = _from_files(detoxify, recipe) if recipe.local else _from_hub(detoxify, recipe)
    _check_kind(recipe, loaded)
    weights = digest(loaded.model.state_dict())
    return loaded, f"{_version()}+{weights}.torch{torch.__version__}"


def _from_files(detoxify: Any, recipe: Recipe) -> Any:
    local = recipe.local
    assert local is not None
    with local_checkpoint(local) as checkpoint:
        try:
            return detoxify.Detoxify(checkpoint=checkpoint, huggingface_config_path=str(local.config), device=recipe.device)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError) as error:
            raise ScorerUnavailable(f"{local.checkpoint} and {local.config} do not make a Detoxify model: {_line(error)}") from error


def _from_hub(detoxify: Any, recipe: Recipe) -> Any:
    try:
        return detoxify.Detoxify(recipe.model, device=recipe.device)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ScorerUnavailable(
            f"detoxify:{recipe.model} could not be fetched from its hub ({_line(error)}); threadwatch models pull {recipe.model} "
            f"--from URL takes it from elsewhere, {CHECKPOINT} and {CONFIG} name local files; or use --scorer linear"
        ) from error


def _check_kind(recipe: Recipe, loaded: Any) -> None:
    """Weights of one model under another's name, or a tokenizer that is not theirs, would score and be wrong."""
    config = loaded.model.config
    if config.model_type != _KINDS[recipe.model]:
        raise ScorerUnavailable(f"the checkpoint is a {config.model_type}; detoxify:{recipe.model} is a {_KINDS[recipe.model]}")
    if len(loaded.tokenizer) > config.vocab_size:
        raise ScorerUnavailable(
            f"the tokenizer knows {len(loaded.tokenizer)} pieces of words, the checkpoint {config.vocab_size}: they are not of one model"
        )


def _line(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:200] + "…"


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Keep transformers from drawing on stderr: what a program says there is one line."""
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging

    was_on = logging.is_progress_bar_enabled()
    level = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if was_on:
            logging.enable_progress_bar()


def _version() -> str:
    from importlib.metadata import version

    return version("detoxify")
