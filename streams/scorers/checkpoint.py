"""Local Detoxify checkpoints, made fit to be loaded without a hub."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from msgspec import Struct

from streams.scorers import ScorerUnavailable

if TYPE_CHECKING:
    import torch


CHECKPOINT: Final = "THREADWATCH_DETOXIFY_CHECKPOINT"
CONFIG: Final = "THREADWATCH_DETOXIFY_CONFIG"


_LABELS: Final = frozenset(
    "toxic toxicity severe_toxic severe_toxicity obscene threat insult identity_hate identity_attack sexual_explicit".split()
)


class Local(Struct, frozen=True):
    """A checkpoint file, and the folder with config.json and the tokenizer's files."""

    checkpoint: Path
    config: Path


@contextmanager
def local_checkpoint(local: Local) -> Iterator[str | BinaryIO]:
    """Yield what Detoxify can load offline: the file itself, or a copy in memory that names the local folder.

    Detoxify asks the hub for the configuration of ``arch.args.model_type`` even when it was given a folder, waits half a
    minute and fails: so that name has to be the folder's. As in Detoxify, a checkpoint is a pickle: use only files that
    you trust. Raises ScorerUnavailable for a file that is no checkpoint, or where the folder's labels are others.
    """
    loaded = load_checkpoint(local.checkpoint)
    arguments = loaded["config"]["arch"]["args"]
    _check_labels(local, loaded["config"]["dataset"]["args"]["classes"], arguments["num_classes"])
    if Path(arguments["model_type"]).is_dir():
        yield str(local.checkpoint)
        return
    import torch

    arguments["model_type"] = str(local.config)
    copy = io.BytesIO()
    torch.save({"config": loaded["config"], "state_dict": loaded["state_dict"]}, copy)
    copy.seek(0)
    yield copy


def check_files(local: Local) -> None:
    """Raise ScorerUnavailable where one of them is not there."""
    if not local.checkpoint.is_file():
        raise ScorerUnavailable(f"there is no Detoxify checkpoint {local.checkpoint}; {CHECKPOINT} names the .ckpt file")
    for name in ("config.json", "tokenizer_config.json"):
        if not (local.config / name).is_file():
            raise ScorerUnavailable(f"there is no {name} in {local.config}; {CONFIG} names the folder with it and the tokenizer's files")


def load_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """Return what a checkpoint holds. Raises ScorerUnavailable for a file that is none."""
    import pickle

    import torch

    try:
        loaded: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=False)
        loaded["config"]["dataset"]["args"]["classes"], loaded["config"]["arch"]["args"]["model_type"], loaded["state_dict"]
        loaded["config"]["arch"]["args"]["num_classes"]
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError, ValueError, ImportError, AttributeError) as error:
        raise ScorerUnavailable(f"{checkpoint} is not a Detoxify checkpoint ({type(error).__name__}); fetch it again") from error
    return loaded


def _check_labels(local: Local, classes: list[str], outputs: int) -> None:
    """Without the number of outputs in config.json the model would be built with two. Some have more of them than labels."""
    path = local.config / "config.json"
    if unknown := [label for label in classes if label not in _LABELS]:
        raise ScorerUnavailable(
            f"{local.checkpoint} has the label {unknown[0]!r}, which no model of Detoxify has: it is another's checkpoint"
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ScorerUnavailable(f"{path} is not JSON: {error}") from error
    count = len(config.get("id2label") or range(config.get("num_labels", 2)))
    if count != outputs or len(classes) > outputs:
        raise ScorerUnavailable(f"{path} says {count} labels, the checkpoint has {outputs}: it needs as many in id2label")


def digest(tensors: Mapping[str, "torch.Tensor"]) -> str:
    """Return the first eight hex digits of SHA-256 over names and values: the same weights, the same digest."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().contiguous().numpy().data)
    return found.hexdigest()[:8]
