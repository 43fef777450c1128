"""A compact scorer that has learned nothing: one layer of chance numbers, and the letters as its only pieces."""

import hashlib
from pathlib import Path
from string import ascii_lowercase, digits, punctuation
from typing import Any

from streams.scorers.compact_network import digest_file

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *ascii_lowercase, *digits, *punctuation, *(f"##{each}" for each in ascii_lowercase + digits)]


def made(seed: int = 0) -> Any:
    """Return the network before it is written. Needs torch."""
    import torch

    from streams.scorers.training.compact.student import Student

    torch.manual_seed(seed)
    return Student(len(PIECES), layers=1).eval()


def weights(student: Any, to: Path, **notes: str) -> Path:
    """Write the network, its notes and its digest, as training does. Needs onnx."""
    from streams.scorers.training.compact.export import written

    kept = {"pieces": "\n".join(PIECES), "slope": "3.0", "shift": "-0.5", **notes}
    written(student, {name: value for name, value in kept.items() if value}, to)
    return signed(to)


def signed(path: Path) -> Path:
    """Write the digest of a file of weights beside it."""
    digest_file(path).write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n", encoding="ascii")
    return path
