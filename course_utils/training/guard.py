"""Looks after a training: numbers that are no longer finite stop it, and what was good before is kept."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from course_utils.foreach import foreach
from course_utils.training.log import StepLog


class Guard:
    """Checks recent numbers and all weights, and keeps a copy of the last state in which they were finite.

    Parameters
    ----------
    log : what was measured; ``watched`` are the quantities that must be finite.
    networks : gives the networks by name.
    take, put : copy the state of the training, and put it back.
    advice : what to do about a divergence, the last sentence of the error.
    """

    def __init__(
        self,
        log: StepLog,
        networks: Callable[[], Mapping[str, nn.Module]],
        take: Callable[[], dict[str, Any]],
        put: Callable[[dict[str, Any]], None],
        *,
        watched: Sequence[str],
        advice: str,
    ):
        self._log, self._networks, self._take, self._put = log, networks, take, put
        self._watched, self._advice = tuple(watched), advice
        self.forget()

    def forget(self) -> None:
        """The training is somewhere else now: what was kept is not what came before."""
        self._good: dict[str, Any] | None = None
        self._seen = 0  # steps that were looked at

    def look(self) -> None:
        """Keep the state if every number is finite, else go back to the last one that was kept and say so.

        Raises
        ------
        FloatingPointError
            naming the step and the quantity.
        """
        good, trouble = self._good, self._trouble()
        if trouble is None:
            if good is None or self._seen != len(self._log):
                self._seen, self._good = len(self._log), self._take()
            return
        if good is None:
            raise FloatingPointError(
                f"{trouble}, and there is no earlier state to go back to: make a new trainer."
            )
        self._put(good)
        self._seen, self._good = len(self._log), good
        raise FloatingPointError(
            f"{trouble}: the training diverged. The trainer is back at step {self._seen}, where all was well, with the "
            f"settings it had there. {self._advice}"
        )

    def _trouble(self) -> str | None:
        first = min(self._seen, len(self._log))  # the log may be shorter than it was: somebody rewound it
        recent = self._log.columns(*self._watched)[first:].cpu()
        bad = ~recent.isfinite()
        for column, name in enumerate(self._watched):
            bad[: max(0, self._log.unmeasured(name) - first), column] = False
        if len(bad := bad.nonzero()):
            row, column = bad[0].tolist()
            return f"{self._watched[column]} became {recent[row, column].item()} at step {first + row + 1}"
        for name, network in self._networks().items():
            norms = foreach("norm", list(network.parameters()))
            if not torch.stack(norms).isfinite().all():
                return f"a weight of the {name} is not a finite number after step {len(self._log)}"
        return None
