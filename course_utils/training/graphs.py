"""A whole training step as one CUDA graph: recorded once, then replayed without Python launching a kernel at a time.

A step on 64 small pictures is about a hundred short kernels, and launching them takes longer than running
them. Source: PyTorch's notes on CUDA graphs, "whole-network capture".
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from course_utils.gan.adversarial import AdversarialLoop

WARM_UP = 3  # steps before recording: cuDNN chooses its algorithms, and the optimizers make their state


class StepGraph:
    """Does a loop's step: on a GPU from a recording, elsewhere and with optimizers that cannot be recorded directly."""

    def __init__(self, loop: "AdversarialLoop"):
        self._loop = loop
        self.enabled = True
        self.forget()

    def forget(self) -> None:
        """Record anew at the next occasion; needed when settings or state tensors have been replaced."""
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm = 0

    @property
    def usable(self) -> bool:
        """Whether this step can be recorded: on CUDA, with an optimizer that keeps all of its state there."""
        return (
            self.enabled
            and self._loop.device.type == "cuda"
            and self._loop.recipe.optimizer in ("adam", "rmsprop", "sgd")
        )

    def __call__(self) -> Tensor:
        if not self.usable:
            return self._loop.both_players()
        if self._warm < WARM_UP:  # real steps, on the side stream that recording asks for
            self._warm += 1
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                values = self._loop.both_players()
            torch.cuda.current_stream().wait_stream(stream)
            return values
        if self._graph is None:
            graph = torch.cuda.CUDAGraph()
            graph.register_generator_state(self._loop.random)  # else every replay would draw the same numbers
            with torch.cuda.graph(graph):
                self._values = self._loop.both_players()
            self._graph = graph  # only now: Ctrl-C may come while it is being recorded
        self._graph.replay()
        return self._values.clone()  # the next replay writes over it
