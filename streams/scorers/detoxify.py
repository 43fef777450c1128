"""Detoxify's transformers, through the detoxify package itself: from its hub, or from local files without any network.

Scores equal ``Detoxify.predict``'s, rounded to 4 decimals, for what fits the model. What is longer is read in
overlapping pieces and the worst counts, where ``predict`` would drop the rest without a word.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from streams.scorers import ScorerUnavailable, Toxicity
from streams.scorers.checkpoint import Local, digest, local_checkpoint

MODELS: Final = ("original", "unbiased", "multilingual", "original-small", "unbiased-small")
CHECKPOINT: Final = "THREADWATCH_DETOXIFY_CHECKPOINT"
CONFIG: Final = "THREADWATCH_DETOXIFY_CONFIG"

_BATCH_TOKENS: Final = 2048
"""Tokens of a batch, padding included."""
_OVERLAP: Final = 64
"""Tokens that two pieces of one comment share."""
_DECIMALS: Final = 4
_MARGIN: Final = 16.0
"""Times the largest difference that the probe showed: the probe is small, and other texts differ more."""
_LEAST_NOISE: Final = 1e-5
_PROBE: Final = ("Thank you.", "I do not agree with any of this, sorry.", "What a stupid thing to say, you clown!", "no", "why " * 40)
"""Scored together and alone when a model is opened: by how much a logit moves with its batch depends on model and processor."""

Scores = tuple[float, ...]


def open_detoxify(model: str, checkpoint: Path | None = None, config: Path | None = None, device: str | None = None) -> "Detoxify":
    """Return the scorer for one of Detoxify's models.

    ``checkpoint`` and ``config`` (a folder with config.json and the tokenizer's files) make it local, and so do the
    variables THREADWATCH_DETOXIFY_CHECKPOINT and THREADWATCH_DETOXIFY_CONFIG: then nothing is fetched. Raises
    ScorerUnavailable where the extra, a file or the network is missing.
    """
    if model not in MODELS:
        raise ScorerUnavailable(f"there is no scorer 'detoxify:{model}'; there are: {', '.join(f'detoxify:{name}' for name in MODELS)}")
    local = _local(os.environ, checkpoint, config)
    try:
        import detoxify
        import torch
    except ImportError as error:
        raise ScorerUnavailable(
            f"detoxify:{model} needs the extra 'detoxify' ({error.name or error} is missing): pip install 'threadwatch[detoxify]' "
            "(docs/scorers.md has the recipe for machines without a GPU), or use --scorer linear"
        ) from error
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with _without_progress_bars():
        loaded = _from_files(detoxify, local, where) if local else _from_hub(detoxify, model, where)
    return Detoxify(loaded, f"detoxify:{model}@{_version()}+{digest(loaded.model.state_dict())}.torch{torch.__version__}.fp32.{where}")


def _local(environment: Mapping[str, str], checkpoint: Path | None, config: Path | None) -> Local | None:
    """Return the local files that were asked for, or None. Raises ScorerUnavailable where one of the two is missing."""
    weights = checkpoint or (Path(environment[CHECKPOINT]) if environment.get(CHECKPOINT) else None)
    folder = config or (Path(environment[CONFIG]) if environment.get(CONFIG) else None)
    if weights is None and folder is None:
        return None
    if weights is None or folder is None:
        raise ScorerUnavailable(f"local Detoxify files need both {CHECKPOINT} (the .ckpt file) and {CONFIG} (the folder with config.json)")
    if not weights.is_file():
        raise ScorerUnavailable(f"there is no Detoxify checkpoint {weights}; {CHECKPOINT} names the .ckpt file")
    for name in ("config.json", "tokenizer_config.json"):
        if not (folder / name).is_file():
            raise ScorerUnavailable(f"there is no {name} in {folder}; {CONFIG} names the folder with config.json and the tokenizer's files")
    return Local(weights, folder)


def _from_files(detoxify: Any, local: Local, device: str) -> Any:
    with local_checkpoint(local) as checkpoint:
        try:
            return detoxify.Detoxify(checkpoint=checkpoint, huggingface_config_path=str(local.config), device=device)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError) as error:
            raise ScorerUnavailable(f"{local.checkpoint} and {local.config} do not make a Detoxify model: {_line(error)}") from error


def _from_hub(detoxify: Any, model: str, device: str) -> Any:
    try:
        return detoxify.Detoxify(model, device=device)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ScorerUnavailable(
            f"detoxify:{model} could not be fetched from its hub ({_line(error)}); set {CHECKPOINT} and {CONFIG} to local files, "
            "or use --scorer linear"
        ) from error


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


class Detoxify:
    """A scorer around a loaded ``detoxify.Detoxify``. Gives all of its labels."""

    at_most = 32
    """Texts at once in a live worker: about two seconds on one core."""

    def __init__(self, loaded: Any, name: str) -> None:
        """Take the loaded model and the name that its scores carry."""
        self.name = name
        self._model = loaded.model.eval()
        self._tokenizer = loaded.tokenizer
        self._labels: tuple[str, ...] = tuple(loaded.class_names)
        self._longest = _longest(loaded)
        self._noise = self._measured_noise()

    def _measured_noise(self) -> float:
        """Return more than a logit moves with its batch, on this machine."""
        pieces, _ = self._pieces(_PROBE)
        alone = [self._run([piece])[0] for piece in pieces]
        moved = (abs(one - other) for rows in zip(self._run(pieces), alone, strict=True) for one, other in zip(*rows, strict=True))
        return max(_LEAST_NOISE, _MARGIN * max(moved))

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order; 0 for a text without a visible character.

        Each text is computed once, however often it stands in the batch.
        """
        wanted = sorted({text for text in texts if text and not text.isspace()})
        worst = dict(zip(wanted, self._worst(wanted), strict=True))
        nothing = (0.0,) * len(self._labels)
        return [self._toxicity(worst.get(text, nothing)) for text in texts]

    def _toxicity(self, scores: Scores) -> Toxicity:
        labels = dict(zip(self._labels, scores, strict=True))
        return Toxicity(labels.get("toxicity", max(scores)), labels)

    def _worst(self, texts: Sequence[str]) -> list[Scores]:
        """Return the largest score of each label over the pieces of each text."""
        if not texts:
            return []
        pieces, owners = self._pieces(texts)
        worst: list[Scores] = [(0.0,) * len(self._labels)] * len(texts)
        for owner, scores in zip(owners, self._scores(pieces), strict=True):
            worst[owner] = tuple(map(max, worst[owner], scores))
        return worst

    def _pieces(self, texts: Sequence[str]) -> tuple[list[dict[str, list[int]]], list[int]]:
        """Return the token ids of all pieces, and whose each is. Nothing is cut off: what overflows is the next piece."""
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        found = self._tokenizer(readable, truncation=True, max_length=self._longest, stride=_overlap(self._longest),
                                return_overflowing_tokens=True)  # fmt: skip
        owners = list(found.pop("overflow_to_sample_mapping"))
        names = [name for name in found if name in self._tokenizer.model_input_names]
        return [{name: found[name][piece] for name in names} for piece in range(len(owners))], owners

    def _scores(self, pieces: Sequence[dict[str, list[int]]]) -> Iterator[Scores]:
        """Yield the rounded scores of each piece, in order, as if each had been computed alone."""
        order = sorted(range(len(pieces)), key=lambda piece: len(pieces[piece]["input_ids"]))
        found: dict[int, Scores] = {}
        for batch in _batches(order, [len(piece["input_ids"]) for piece in pieces]):
            for piece, logits in zip(batch, self._run([pieces[piece] for piece in batch]), strict=True):
                unsure = len(batch) > 1 and any(_near_a_step(logit, self._noise) for logit in logits)
                settled = self._run([pieces[piece]])[0] if unsure else logits
                found[piece] = tuple(round(_probability(logit), _DECIMALS) for logit in settled)
        return (found[piece] for piece in range(len(pieces)))

    def _run(self, pieces: Sequence[dict[str, list[int]]]) -> list[list[float]]:
        """Return the logits per piece and label: always two-dimensional, also for one piece or one label."""
        import torch

        padded = self._tokenizer.pad({name: [piece[name] for piece in pieces] for name in pieces[0]}, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**padded.to(self._model.device))[0]
        rows: list[list[float]] = logits.double().cpu().tolist()
        return rows


def _longest(loaded: Any) -> int:
    """Return how many tokens the model reads: RoBERTa's positions begin after the padding index."""
    config = loaded.model.config
    positions = config.max_position_embeddings
    if "roberta" in config.model_type:
        positions -= config.pad_token_id + 1
    return int(min(positions, loaded.tokenizer.model_max_length))


def _overlap(longest: int) -> int:
    return min(_OVERLAP, longest // 4)


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield pieces from short to long, as many at once as the budget of tokens allows, at least one."""
    batch: list[int] = []
    for piece in order:
        if batch and (len(batch) + 1) * lengths[piece] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def _near_a_step(logit: float, noise: float) -> bool:
    """Return whether noise could change the rounded score: then it is computed alone."""
    return round(_probability(logit - noise), _DECIMALS) != round(_probability(logit + noise), _DECIMALS)
