"""Looks after a training: numbers that are no longer finite stop it, and what was good before is kept."""

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from course_utils.gan.adversarial import AdversarialLoop


class Guard:
    """Checks a loop's recent numbers and its weights, and keeps a copy of the last state in which all were finite."""

    def __init__(self, loop: "AdversarialLoop"):
        self._loop = loop
        self.forget()

    def forget(self) -> None:
        """The loop is somewhere else now: what was kept is not what came before."""
        self._good: dict[str, Any] | None = None
        self._seen = 0  # steps that were looked at

    def look(self) -> None:
        """Keep the state if every number is finite, else go back to the last one that was kept and say so.

        Raises
        ------
        FloatingPointError
            naming the step and the quantity.
        """
        loop, good = self._loop, self._good
        trouble = self._trouble()
        if trouble is None:
            if good is None or self._seen != len(loop.log):
                self._seen, self._good = len(loop.log), loop.state_dict()
            return
        if good is None:
            raise FloatingPointError(
                f"{trouble}, and there is no earlier state to go back to: make a new trainer."
            )
        loop.load_state_dict(good)
        self._seen, self._good = len(loop.log), good
        raise FloatingPointError(
            f"{trouble}: the training diverged. The trainer is back at step {self._seen}, where all was well, with the "
            "settings it had there. Go on with smaller learning rates, for instance: "
            "trainer.change(generator_learning_rate=..., discriminator_learning_rate=...)."
        )

    def _trouble(self) -> str | None:
        from course_utils.gan.adversarial import METRICS

        loop = self._loop
        first = min(self._seen, len(loop.log))  # the log may be shorter than it was: somebody rewound it
        recent = loop.log.table()[first:, :4].cpu()  # the slope is NaN where no penalty asks for it
        bad = (~recent.isfinite()).nonzero()
        if len(bad):
            row, column = bad[0].tolist()
            return f"{METRICS[column]} became {recent[row, column].item()} at step {first + row + 1}"
        for name in ("generator", "discriminator"):
            norms = torch._foreach_norm(list(getattr(loop, name).parameters()))
            if not torch.stack(norms).isfinite().all():
                return f"a weight of the {name} is not a finite number after step {len(loop.log)}"
        return None
