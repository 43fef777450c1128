"""What may compute the fast lane here: the fastest runtime that says what fp32 says."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.scorers import ScorerUnavailable
from streams.scorers.transformer.affine import int8
from streams.scorers.transformer.flat import Flat, LayersMaker, in_torch
from streams.scorers.transformer.kernel.building import digest
from streams.scorers.transformer.kernel.layers import Kernel
from streams.scorers.transformer.parts import Parts
from streams.scorers.transformer.self_test import Drift


class Runtime(NamedTuple):
    """A way to compute int8."""

    name: str
    precision: str
    """Its part of a score's version."""
    layers: Callable[[], LayersMaker]


class Chosen(NamedTuple):
    """The runtime that computes, what its test found, and which failed theirs before it."""

    flat: Flat
    name: str
    precision: str
    drift: Drift
    refused: tuple[str, ...]


def runtimes(kernel: str) -> Iterator[Runtime]:
    """Yield them, the fastest first, as docs/scorers.md has measured: a race at each start could end in another version."""
    if kernel:
        yield Runtime("our kernel", f"int8-vnni-{digest()}", lambda: Kernel(kernel).layers)
    yield Runtime("torch", "int8", lambda: in_torch(int8))


def chosen(parts: Parts, kernel: str, tested: Callable[[Flat], Drift]) -> Chosen:
    """Return the first that passes ``tested``. Raises ScorerUnavailable, with the figures of each, where none does."""
    refused: list[str] = []
    for runtime in runtimes(kernel):
        try:
            flat = Flat(parts, runtime.layers())
            return Chosen(flat, runtime.name, runtime.precision, tested(flat), tuple(refused))
        except (ScorerUnavailable, AttributeError, RuntimeError) as error:
            why = error if isinstance(error, ScorerUnavailable) else f"no int8 for this machine ({type(error).__name__})"
            refused.append(f"refused for :fast, {runtime.name}: {why}")
    raise ScorerUnavailable(f"{'; '.join(refused)}: leave :fast away to score in fp32")
