"""Layers that the kernel computes: their weights in its order, and calls of it. The arithmetic is that of ``affine.int8``."""

import ctypes
from collections.abc import Sequence
from ctypes import Structure, c_float, c_int, c_int32, c_size_t, c_void_p
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final

from streams.scorers import ScorerUnavailable
from streams.scorers.transformer.affine import MIDDLE, in_bytes
from streams.scorers.transformer.kernel.building import check
from streams.scorers.transformer.parts import Affine, Block, Parts

_LANES: Final = 16
_PANEL: Final = 2 * _LANES
"""Outputs whose weights lie together: PANEL in affine.h."""
_GELU: Final = {"none": 0, "tanh": 1}
"""What parts.py calls it → `gelu` in layer.c."""


class _Affine(Structure):
    _fields_: ClassVar = [
        *((name, c_void_p) for name in ("weights", "start", "scale", "bias")), ("inputs", c_int32), ("outputs", c_int32),
    ]  # fmt: skip


class _Layer(Structure):
    _fields_: ClassVar = [
        *((name, _Affine) for name in ("query", "keys_values", "mixed", "wide", "narrow")),
        *((name, c_void_p) for name in ("mixed_gain", "mixed_shift", "gain", "shift")),
        ("mixed_epsilon", c_float), ("epsilon", c_float), ("heads", c_int32), ("gelu", c_int32),
    ]  # fmt: skip


class Kernel:
    """The library, and room for what it computes. One thread; a fork of the process has its own room."""

    def __init__(self, path: str) -> None:
        """Load it. Raises ScorerUnavailable for what is no such library, or not as it was built."""
        check(Path(path))
        try:
            library = ctypes.CDLL(path)
            self._room, self._run = library.room, library.run
        except (OSError, AttributeError) as error:
            raise ScorerUnavailable(f"{path} is no kernel ({type(error).__name__}); threadwatch models build makes it again") from error
        self._room.restype, self._room.argtypes = c_size_t, (c_void_p, c_int, c_int)
        self._run.restype, self._run.argtypes = None, (c_void_p, c_int, c_void_p, c_void_p, c_int, c_int, c_void_p, c_void_p)
        self._space: Any = None

    def layers(self, parts: Parts) -> "KernelLayers":
        """Return all layers made ready. Raises ScorerUnavailable for widths that it does not compute."""
        return KernelLayers(self, parts)

    def run(self, layers: Any, hidden: Any, ends: Sequence[int], first: bool) -> Any:
        """Return what becomes of the tokens of texts that end at ``ends``, or of the first of each. ``layers``: an array of addresses."""
        import torch

        tokens, width = hidden.shape
        longest = max(end - start for start, end in pairwise((0, *ends)))
        needed = self._room(layers[0], tokens, longest)
        if self._space is None or len(self._space) < needed:
            self._space = torch.empty(needed, dtype=torch.uint8)
        made = torch.empty(len(ends) if first else tokens, width)
        given = hidden.contiguous()
        texts = (c_int32 * len(ends))(*ends)
        self._run(layers, len(layers), given.data_ptr(), texts, len(ends), first, self._space.data_ptr(), made.data_ptr())
        return made


class KernelLayers:
    """All layers, made ready: one call computes them."""

    def __init__(self, kernel: Kernel, parts: Parts) -> None:
        self._kernel = kernel
        made = {id(block): _ReadyLayer(block, parts) for block in parts.blocks}
        self._made = [made[id(block)] for block in parts.blocks]
        self._at = (c_void_p * len(self._made))(*(ctypes.addressof(ready.layer) for ready in self._made))

    def whole(self, hidden: Any, spans: Sequence[tuple[int, int]]) -> Any:
        """Return what becomes of every token."""
        return self._kernel.run(self._at, hidden, [end for _, end in spans], first=False)

    def first(self, hidden: Any, spans: Sequence[tuple[int, int]]) -> Any:
        """Return what becomes of the first token of each comment."""
        return self._kernel.run(self._at, hidden, [end for _, end in spans], first=True)


class _ReadyLayer:
    """One layer as the kernel reads it, and what it points to."""

    def __init__(self, block: Block, parts: Parts) -> None:
        self._held = list[Any]()
        width, wide = len(block.mixed.weight), len(block.wide.weight)
        if width % (parts.heads * _LANES) or wide % _LANES or wide < width:
            raise ScorerUnavailable(
                f"it computes heads of multiples of {_LANES}, the model has {parts.heads} heads in {width}, {wide} between"
            )
        weight, bias = block.attention
        maps = (Affine(weight[:width], bias[:width]), Affine(weight[width:], bias[width:]), block.mixed, block.wide, block.narrow)
        norms = (block.mixed_norm.weight, block.mixed_norm.bias, block.norm.weight, block.norm.bias)
        self.layer = _Layer(
            *map(self._ordered, maps), *map(self._kept, norms), block.mixed_norm.eps, block.norm.eps, parts.heads, _GELU[parts.gelu]
        )  # fmt: skip

    def _ordered(self, affine: Affine) -> _Affine:
        """Return a map with its weights by panels of outputs, and there by four inputs, as one instruction takes them."""
        import torch

        whole, scale = in_bytes(affine.weight)
        outputs, inputs = whole.shape
        filled = torch.nn.functional.pad(whole, (0, 0, 0, -outputs % _PANEL))
        start = -MIDDLE * filled.sum(1, dtype=torch.int32)
        ordered = filled.view(-1, _PANEL, inputs // 4, 4).permute(0, 2, 1, 3)
        return _Affine(*map(self._kept, (ordered, start.int(), scale, affine.bias)), inputs, outputs)

    def _kept(self, tensor: Any) -> int:
        """Return where it lies; it stays there as long as this layer."""
        self._held.append(tensor.detach().contiguous())
        return int(self._held[-1].data_ptr())
