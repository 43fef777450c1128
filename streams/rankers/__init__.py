"""The ranker's weights in files: read with a word for whoever has the wrong one, written the same each time."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from streams.stages.ranking.features import NAMES
from streams.stages.ranking.ranker import Ranker
from streams.stages.ranking.weights import ARRAYS, VERSION, Weights

FOLDER: Final = Path(__file__).parent / "weights"
SHIPPED: Final = ("irc", "molweni")
_DIMENSIONS: Final = (3, 2, 3, 2, 2)
_MAX_FILE: Final = 8_000_000


def open_ranker(name: str) -> Ranker:
    """Return the ranker with weights of this package. Raises UserError where there is no such, or its file is missing or damaged."""
    return Ranker(shipped(name))


def shipped(name: str) -> Weights:
    """Return weights of this package, by name."""
    if name not in SHIPPED:
        raise UserError(f"there is no ranker {name!r}: it is one of {', '.join(SHIPPED)}")
    return read(FOLDER / f"{name}.npz")


def read(path: Path) -> Weights:
    """Return the weights of a file. Raises UserError, with a word, where it is none of this version, or damaged."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"the ranker's weights {path} cannot be read ({error.strerror}); install the package again") from error
    try:
        with np.load(io.BytesIO(content[:_MAX_FILE]), allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} holds no weights of a ranker, or is damaged; install the package again") from error
    return _checked(path, found)


def _checked(path: Path, found: Mapping[str, NDArray[Any]]) -> Weights:
    if int(_number(found, "version")) != VERSION:
        raise UserError(f"{path} holds no weights of a ranker of version {VERSION}; install the package again, or train it anew")
    arrays = [found.get(name) for name in ARRAYS]
    fits = all(
        array is not None and array.dtype.kind == "i" and array.ndim == size for array, size in zip(arrays, _DIMENSIONS, strict=True)
    )
    if not fits or found["first"].shape[1] != len(NAMES):
        raise UserError(f"{path} holds weights for other features than this version has; train it anew")
    weights = Weights(**{name: found[name] for name in ARRAYS}, heat=_number(found, "heat"), threads=_number(found, "threads") == 1)
    if str(found.get("digest")) != weights.digest:
        raise UserError(f"{path} is damaged, or its weights are for other features: its digest is not that of its content")
    return weights


def _number(found: Mapping[str, NDArray[Any]], name: str) -> float:
    value = found.get(name)
    return float(value.item()) if value is not None and value.dtype.kind in "if" and value.size == 1 else -1.0


def write(weights: Weights, path: Path) -> None:
    """Write weights. The same ones give the same bytes."""
    arrays = {name: getattr(weights, name) for name in ARRAYS}
    np.savez_compressed(
        path,
        version=np.int64(VERSION),
        heat=np.float64(weights.heat),
        threads=np.int64(weights.threads),
        digest=np.array(weights.digest),
        **arrays,
    )
