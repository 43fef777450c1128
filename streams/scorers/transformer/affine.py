"""An affine map made ready once: fp32 with oneDNN's own order of the weights, or int8 with a scale for each token.

int8 takes one scale per output channel for the weights and one per *token* for what comes in. One scale for a whole
batch, as dynamic quantisation usually has it, would let a score depend on its neighbours (by up to .055). Sums of
products of integers are exact in any order, so nothing here depends on what else is in the row of tokens.
"""

import warnings
from collections.abc import Callable
from typing import Any, Final

from streams.scorers.transformer.parts import Affine

Map = Callable[[Any], Any]
Maker = Callable[[Affine, str], Map]
"""Makes a map ready. The word says which GELU follows it ("none": exact, "tanh"), or that none does ("")."""

_ROWS: Final = 256
"""Tokens for which oneDNN is asked to order the weights; any number runs."""
_LEVELS: Final = 127
MIDDLE: Final = 128
"""The zero of unsigned bytes: oneDNN's kernels for signed input are a reference, thousands of times slower."""


def fp32(affine: Affine, gelu: str = "") -> Map:
    """Return the map in fp32, to the last bits what ``torch.nn.functional.linear`` gives."""
    import torch

    weight, bias = affine
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return lambda x: _gelu(torch.nn.functional.linear(x, weight, bias), gelu)
    ordered = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)  # noqa: SLF001  # what torch's own compiler calls
    after = "gelu" if gelu else "none"
    run = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001  # as above
    return lambda x: run(x, ordered, bias, after, [], gelu)


def int8(affine: Affine, gelu: str = "") -> Map:
    """Return the map with both sides in eight bits. Raises RuntimeError or AttributeError where this torch has no such kernel."""
    import torch

    bias = affine.bias
    whole, scale = in_bytes(affine.weight)
    ordered = torch.ops.onednn.qlinear_prepack(whole, None)
    zeros = torch.zeros(len(scale), dtype=torch.int32)
    run = torch.ops.onednn.qlinear_pointwise

    def mapped(x: Any) -> Any:
        unit = x.abs().amax(1, keepdim=True).div_(_LEVELS).clamp_(min=1e-12)  # fifteen times faster than aminmax
        y = run(_rounded(x / unit), 1.0, MIDDLE, ordered, scale, zeros, None, 1.0, 0, torch.float32, "none", [], "")
        return _gelu(torch.addcmul(bias, y, unit), gelu)

    return mapped


def in_bytes(weight: Any) -> tuple[Any, Any]:
    """Return weights as signed bytes, and what one step is worth for each output."""
    import torch

    scale = (weight.abs().amax(1) / _LEVELS).clamp_(min=1e-12)
    return (weight / scale[:, None]).round_().to(torch.int8), scale


def _rounded(x: Any) -> Any:
    """Return the nearest integers plus the middle, as bytes: in one vectorised pass, where a cast from fp32 would take four."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch will remove quantised tensors one day; it is pinned
        found = torch.quantize_per_tensor(x, 1.0, MIDDLE, torch.quint8)
    return torch.empty(0, dtype=torch.uint8).set_(found.untyped_storage(), 0, x.shape, x.stride())


def _gelu(x: Any, gelu: str) -> Any:
    import torch

    return torch.nn.functional.gelu(x, approximate=gelu) if gelu else x
