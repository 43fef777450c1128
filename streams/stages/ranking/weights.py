"""The ranker's weights as whole numbers in a file: read with a word for whoever has the wrong one, written the same each time."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.errors import UserError
from streams.stages.ranking.features import NAMES

VERSION: Final = 1
FOLDER: Final = Path(__file__).parent / "weights"
SHIPPED: Final = ("irc", "molweni")
ARRAYS: Final = ("first", "first_bias", "second", "second_bias", "last")
_DIMENSIONS: Final = (3, 2, 3, 2, 2)
_MAX_FILE: Final = 8_000_000


class Weights(Struct, frozen=True):
    """Some nets of two small layers; their scores are added. A weight's unit is 1/256, a bias's that of what it is added to."""

    first: NDArray[np.int16]
    """(nets, features, hidden)"""
    first_bias: NDArray[np.int32]
    second: NDArray[np.int16]
    """(nets, hidden, hidden)"""
    second_bias: NDArray[np.int32]
    last: NDArray[np.int16]
    """(nets, hidden)"""
    heat: float
    """Calibration: scores are divided by it."""
    threads: bool
    """They were learned with what was found of the messages before (``Turn.back``); else that says nothing to them."""

    @property
    def digest(self) -> str:
        """Return a digest of all numbers and of the features they are for."""
        parts = [str(VERSION), "\n".join(NAMES), repr(self.heat), str(self.threads)]
        found = hashlib.blake2b("\0".join(parts).encode(), digest_size=16)
        for name in ARRAYS:
            array: NDArray[np.int32] = getattr(self, name)
            found.update(f"{name}{array.shape}".encode())
            found.update(array.astype("<i4").tobytes())
        return found.hexdigest()


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
