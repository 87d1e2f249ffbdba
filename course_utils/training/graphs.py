"""A whole training step as one CUDA graph: recorded once, then replayed without Python launching a kernel at a time.

A step on 64 small pictures is about a hundred short kernels, and launching them takes longer than running
them. Source: PyTorch's notes on CUDA graphs, "whole-network capture".
"""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # steps before recording: cuDNN chooses its algorithms, and the optimizers make their state


class StepGraph:
    """Takes a step: on a GPU from a recording, elsewhere and where it cannot be recorded directly.

    Parameters
    ----------
    step : the work of one step; returns what it measured.
    random : the generator that it draws from, which lives where the step is computed.
    recordable : whether the step, as it is now, could be recorded (see
        :data:`course_utils.optimizers.OPTIMIZERS`).
    """

    def __init__(self, step: Callable[[], Tensor], random: torch.Generator, recordable: Callable[[], bool]):
        self._step, self._random, self._recordable = step, random, recordable
        self.enabled = True
        self.forget()

    def forget(self) -> None:
        """Record anew at the next occasion; needed when settings or state tensors have been replaced."""
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm = 0

    @property
    def usable(self) -> bool:
        """Whether this step is to be recorded: on CUDA, with optimizers that keep all of their state there."""
        return self.enabled and self._random.device.type == "cuda" and self._recordable()

    @property
    def recorded(self) -> bool:
        """Whether the next step is a replay."""
        return self._graph is not None

    def __call__(self) -> Tensor:
        if not self.usable:
            return self._step()
        if self._warm < WARM_UP:  # real steps, on the side stream that recording asks for
            self._warm += 1
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                values = self._step()
            torch.cuda.current_stream().wait_stream(stream)
            return values
        if self._graph is None:
            graph = torch.cuda.CUDAGraph()
            graph.register_generator_state(self._random)  # else every replay would draw the same numbers
            with torch.cuda.graph(graph):
                self._values = self._step()
            self._graph = graph  # only now: Ctrl-C may come while it is being recorded
        self._graph.replay()
        return self._values.clone()  # the next replay writes over it
