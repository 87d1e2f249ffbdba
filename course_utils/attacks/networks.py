"""Networks that name digits: pictures (n, 1, 28, 28) in [0, 1] to ten logits."""

from collections.abc import Callable

from torch import Tensor, nn

from course_utils import checks
from course_utils.datasets import SIDE

CLASSES = 10


def _linear() -> list[nn.Module]:
    return [nn.Flatten(), nn.Linear(SIDE * SIDE, CLASSES)]


def _mlp() -> list[nn.Module]:
    return [
        nn.Flatten(),
        nn.Linear(SIDE * SIDE, 200),
        nn.ReLU(),
        nn.Linear(200, 200),
        nn.ReLU(),
        nn.Linear(200, CLASSES),
    ]


def _cnn() -> list[nn.Module]:
    return [
        nn.Conv2d(1, 16, kernel_size=4, stride=2, padding=1),  # (n, 16, 14, 14)
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=4, stride=2, padding=1),  # (n, 32, 7, 7)
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 100),
        nn.ReLU(),
        nn.Linear(100, CLASSES),
    ]


NETWORKS: dict[str, Callable[[], list[nn.Module]]] = {"linear": _linear, "mlp": _mlp, "cnn": _cnn}


class DigitNetwork(nn.Sequential):
    """A network of :data:`NETWORKS` by name: "linear"; "mlp", 200 and 200 ReLU; "cnn", two strided convolutions of 16
    and 32 maps and 100 ReLU (the small network of Wong and Kolter 2018).
    """

    def __init__(self, architecture: str = "cnn") -> None:
        super().__init__(*NETWORKS[checks.one_of("architecture", architecture, NETWORKS)]())
        self.architecture = architecture

    def forward(self, x: Tensor) -> Tensor:
        """One logit for each digit, (n, 10).

        Raises
        ------
        ValueError
            for pictures of another shape or type.
        """
        checks.tensor("x", x)
        if x.shape[1:] != (1, SIDE, SIDE):
            raise ValueError(
                f"x has the shape {tuple(x.shape)}; this network takes pictures (n, 1, {SIDE}, {SIDE}) in [0, 1]."
            )
        if x.dtype != (own := next(self.parameters()).dtype):
            raise ValueError(f"x is {x.dtype}, and this network computes in {own}: take x.to({own}).")
        return super().forward(x)
