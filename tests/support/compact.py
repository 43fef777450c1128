"""A compact scorer that has learned nothing: one layer of chance numbers, and the letters as its only pieces."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import ascii_lowercase, digits, punctuation
from typing import Any

from streams.scorers.compact_network import digest_file

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *ascii_lowercase, *digits, *punctuation, *(f"##{each}" for each in ascii_lowercase + digits)]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute as training does: with more threads a busy machine makes each wait for the others, and sums come in another order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def made(seed: int = 0) -> Any:
    """Return the network before it is written. Needs torch."""
    import torch

    from streams.scorers.training.compact.student import Student

    torch.manual_seed(seed)
    return Student(len(PIECES), layers=1).eval()


def base(words: int, seed: int = 1) -> dict[str, Any]:
    """Return weights of chance numbers, in the shapes and under the names of what students begin with. Needs torch."""
    import torch

    from streams.scorers.training.compact.student import ALL, INNER, WIDTH

    chance = torch.Generator().manual_seed(seed)
    tables = {"word": (words, WIDTH), "position": (512, WIDTH), "token_type": (2, WIDTH)}
    square = dict.fromkeys(("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"), (WIDTH, WIDTH))
    layer = square | {"intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER)}
    layer |= {"attention.output.LayerNorm": (WIDTH,), "output.LayerNorm": (WIDTH,)}
    parts = {"embeddings.LayerNorm": (WIDTH,), **{f"encoder.layer.{n}.{name}": shape for n in ALL for name, shape in layer.items()}}
    shapes = {f"embeddings.{name}_embeddings.weight": shape for name, shape in tables.items()}
    for name, shape in parts.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return {name: torch.randn(*shape, generator=chance) * 0.05 for name, shape in shapes.items()}


def weights(student: Any, to: Path, **notes: str) -> Path:
    """Write the network, its notes and its digest, as training does. Needs onnx."""
    from streams.scorers.training.compact.export import written

    kept = {"pieces": "\n".join(PIECES), "slope": "3.0", "shift": "-0.5", "share": "0.5", "most": "inf", **notes}
    written(student, {name: value for name, value in kept.items() if value}, to)
    return signed(to)


def signed(path: Path) -> Path:
    """Write the digest of a file of weights beside it."""
    digest_file(path).write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n", encoding="ascii")
    return path
