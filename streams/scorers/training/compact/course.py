"""One network's way through its steps, which a run that is cut off can leave and another take up where it was left."""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from streams.scorers.training.compact.student import Student

_DECAY: Final = 0.01
_LONGEST: Final = 1.0
"""Length that a step's gradient is cut to."""


class Course:
    """Takes steps, and remembers all that the next one depends on: weights, momentum, the rate, and chance."""

    def __init__(self, made: Student, rate: float, steps: int, warm_up: float) -> None:
        """Take the network, the highest rate, how many steps there will be, and in which share of them the rate rises."""
        self._made = made
        self._optimizer = torch.optim.AdamW(made.parameters(), lr=rate, weight_decay=_DECAY, fused=True)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, lambda step: _rate(step, steps, warm_up))

    def learned(self, logits: Tensor, targets: Tensor) -> None:
        """Take one step towards the targets."""
        loss = functional.binary_cross_entropy_with_logits(logits, targets)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
        torch.nn.utils.clip_grad_norm_(self._made.parameters(), _LONGEST)
        self._optimizer.step()
        self._schedule.step()

    def saved(self, to: Path, step: int) -> None:
        """Write where the course is. What was written before is there until this is whole."""
        state = {
            "network": self._made.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "chance": torch.get_rng_state(),
            "step": step,
        }
        part = to.with_suffix(".part")
        torch.save(state, part)
        part.replace(to)

    def resumed(self, saved: Path) -> int:
        """Return how many steps are done: 0 where nothing was saved, else the network and the course are as they were then."""
        if not saved.is_file():
            return 0
        state = torch.load(saved, weights_only=True)
        self._made.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["chance"])
        return int(state["step"])


def _rate(step: int, steps: int, warm_up: float) -> float:
    """Return the share of the learning rate: up in a straight line, and down to nothing."""
    risen = max(1, round(steps * warm_up))
    return min((step + 1) / risen, max(0.0, (steps - step) / max(1, steps - risen)))
