"""Local Detoxify checkpoints, made fit to be loaded without a hub."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import Struct

from streams.scorers import ScorerUnavailable

if TYPE_CHECKING:
    import torch


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
    loaded = _loaded(local.checkpoint)
    _check_labels(local, loaded["config"]["dataset"]["args"]["classes"])
    arguments = loaded["config"]["arch"]["args"]
    if Path(arguments["model_type"]).is_dir():
        yield str(local.checkpoint)
        return
    import torch

    arguments["model_type"] = str(local.config)
    copy = io.BytesIO()
    torch.save({"config": loaded["config"], "state_dict": loaded["state_dict"]}, copy)
    copy.seek(0)
    yield copy


def _loaded(checkpoint: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        loaded: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=False)
        loaded["config"]["dataset"]["args"]["classes"], loaded["config"]["arch"]["args"]["model_type"], loaded["state_dict"]
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError, ValueError, ImportError, AttributeError) as error:
        raise ScorerUnavailable(f"{checkpoint} is not a Detoxify checkpoint ({type(error).__name__}); fetch it again") from error
    return loaded


def _check_labels(local: Local, classes: list[str]) -> None:
    """Without the number of labels in config.json the model would be built with two."""
    path = local.config / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ScorerUnavailable(f"{path} is not JSON: {error}") from error
    count = len(config.get("id2label") or range(config.get("num_labels", 2)))
    if count != len(classes):
        raise ScorerUnavailable(f"{path} says {count} labels, the checkpoint has {len(classes)}: it needs as many in id2label")


def digest(tensors: Mapping[str, "torch.Tensor"]) -> str:
    """Return the first eight hex digits of SHA-256 over names and values: the same weights, the same digest."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().contiguous().numpy().data)
    return found.hexdigest()[:8]
