"""The compact scorer's network as it lies in the package: read, checked, and asked about one text at a time."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.scorers import ScorerUnavailable

_BODY: Final = 94
"""Pieces of words read at once; with the marks at both ends the 96 places that the network has learned."""
_OVERLAP: Final = 24
"""Pieces that two windows of a long text share."""
_MARKS: Final = ("[CLS]", "[SEP]", "[UNK]")

Floats = NDArray[np.float64]


class Mix(Struct, frozen=True):
    """How the network and the linear scorer say one thing together."""

    share: float
    """Of the linear logit."""
    most: float
    """What the network's logit counts at most: at the top it is too sure of itself, and the n-grams put what it finds clear in order."""

    def of(self, network: Floats, linear: Floats) -> Floats:
        """Return the sum's logit of each text."""
        return np.minimum(network, self.most) + self.share * linear


class Notes(Struct, frozen=True):
    """What is kept with the weights."""

    pieces: list[str]
    """Pieces of words, in the order of their numbers."""
    slope: float
    shift: float
    """Calibration: P(toxic) = σ(slope · sum + shift)."""
    mix: Mix


class Network:
    """Says how toxic a normalised text is, as a logit. One text a call: what else is scored cannot move it."""

    def __init__(self, session: Any, notes: Notes, runtime: str) -> None:
        """Take an open session; ``runtime`` names what computes."""
        self.notes = notes
        self.runtime = runtime
        self._session = session
        self._pieces = tokenizer(notes.pieces)
        self._start, self._end, _ = (self._pieces.token_to_id(mark) for mark in _MARKS)

    def logit(self, text: str) -> float:
        """Return the largest logit of the text's windows."""
        return max(self._logit(window) for window in windows(self._pieces.encode(text).ids))

    def _logit(self, window: Sequence[int]) -> float:
        ids = np.array([[self._start, *window, self._end]], dtype=np.int64)
        return float(self._session.run(["logit"], {"ids": ids})[0][0, 0])


def windows(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield overlapping windows that fit the network; at least one, which may be empty."""
    for start in range(0, max(len(ids) - _OVERLAP, 1), _BODY - _OVERLAP):
        yield ids[start : start + _BODY]


def tokenizer(pieces: Sequence[str]) -> Any:
    """Return BERT's uncased tokeniser with these pieces. It adds no marks and cuts nothing off."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    made: Any = Tokenizer(
        WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=100)  # noqa: S106  # a piece, no password
    )
    made.normalizer = BertNormalizer(lowercase=True)
    made.pre_tokenizer = BertPreTokenizer()
    return made


def opened(path: Path) -> Network:
    """Return the network of a file. Raises ScorerUnavailable where the extra or the file is missing, or the file is damaged."""
    content = _undamaged(path)
    # Before the import: it sends home what it does unless it is told not to, and reads this once.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
        import tokenizers  # noqa: F401
    except ImportError as error:
        raise ScorerUnavailable(
            f"compact needs the extra 'compact' ({error.name or error} is missing): pip install 'threadwatch[compact]', "
            "or use --scorer linear"
        ) from error
    session = _session(onnxruntime, content, path)
    return Network(session, _notes(session, path), f"ort{onnxruntime.__version__}")


def digest_file(path: Path) -> Path:
    """Return where the SHA-256 of the weights stands, as ``sha256sum`` writes it."""
    return path.with_suffix(".sha256")


def _undamaged(path: Path) -> bytes:
    for needed in (path, digest_file(path)):
        if not needed.is_file():
            raise ScorerUnavailable(f"the compact scorer's weights {needed} are missing; install the package again or use --scorer linear")
    content = path.read_bytes()
    if digest_file(path).read_text(encoding="ascii", errors="replace").split()[:1] != [hashlib.sha256(content).hexdigest()]:
        raise ScorerUnavailable(
            f"the compact scorer's weights {path} are damaged (their SHA-256 is not the one in {digest_file(path).name}); "
            "install the package again or use --scorer linear"
        )
    return content


def _session(onnxruntime: Any, content: bytes, path: Path) -> Any:
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.InvalidProtobuf, errors.NotImplemented) as error:
        raise ScorerUnavailable(
            f"{path} is no network that this onnxruntime {onnxruntime.__version__} can run; use --scorer linear"
        ) from error


def _notes(session: Any, path: Path) -> Notes:
    kept = session.get_modelmeta().custom_metadata_map
    shape = [(each.name, each.type) for each in (*session.get_inputs(), *session.get_outputs())]
    try:
        slope, shift, share, most = (float(kept[name]) for name in ("slope", "shift", "share", "most"))
        notes = Notes(kept["pieces"].split("\n"), slope, shift, Mix(share, most))
    except (KeyError, ValueError) as error:
        raise ScorerUnavailable(f"{path} is not the compact scorer's: its notes have no {error}; use --scorer linear") from error
    if shape != [("ids", "tensor(int64)"), ("logit", "tensor(float)")] or not set(_MARKS) <= set(notes.pieces):
        raise ScorerUnavailable(f"{path} is not the compact scorer's: it takes or gives something else; use --scorer linear")
    return notes
