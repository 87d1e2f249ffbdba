"""What is done step by step: handed back after each one, or many at once with a progress bar."""

from collections.abc import Iterator
from typing import Any, Self

from tqdm.auto import tqdm

from course_utils.checks import whole

CHECK_EVERY = 200  # steps between two looks at the numbers; a look makes a GPU wait


class Stepwise:
    """Work in steps. A subclass writes :meth:`step` and :attr:`done`, and :meth:`check` where a step can go wrong."""

    @property
    def done(self) -> int:
        """How many steps were taken so far, in all."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What the progress bar says."""
        return type(self).__name__

    def step(self) -> Any:
        """Take one step. To pause, do not call it for a while."""
        raise NotImplementedError

    def check(self) -> None:
        """Look at the numbers now; :meth:`steps` does it every ``CHECK_EVERY`` steps, and raises the same errors."""

    def steps(self, n: int) -> Iterator[int]:
        """Take n steps, handing back after each one: the number of steps done so far, in all."""
        n = whole("steps", n, at_least=0)
        self.check()
        for i in range(n):
            self.step()
            if (i + 1) % CHECK_EVERY == 0 or i + 1 == n:
                self.check()
            yield self.done

    def run(self, steps: int, *, progress: bool = True) -> Self:
        """Take that many more steps, with a progress bar; an interrupted run can simply be run again."""
        steps = whole("steps", steps, at_least=0, advice="such as 500")
        with tqdm(total=steps, desc=self.label, unit="step", disable=not progress) as bar:
            for _ in self.steps(steps):
                bar.update()
        return self
