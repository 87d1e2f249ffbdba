"""A small convolutional network that knows the digits: the eyes of :mod:`course_utils.gan.metrics`.

It is this project's own, trained on MNIST's 60,000 training pictures by ``data/make/classifier.py`` and shipped in
half precision. A GAN is judged by what this network sees in its pictures, as Inception's features serve for photographs
(Salimans et al. 2016, Heusel et al. 2017). Distances between its features are in its own units: compare them only with
distances that the same classifier measured.
"""

import torch
from torch import Tensor, nn

from course_utils import runtime, threads
from course_utils.checks import instance
from course_utils.training.checkpoints import open_tensors, refuse_nan

WEIGHTS = "checkpoints/mnist_classifier.safetensors"
FEATURES = 128
CLASSES = 10
PART = 100  # pictures judged at a time: the maps of 500 fill 150 MB


class DigitClassifier(nn.Module):
    """Two 5x5 convolutions with pooling, then 128 features, then one logit per digit (after LeNet, LeCun et al. 1998).

    Pictures are (n, 1, 28, 28) in [-1, 1], the interval of the generator's tanh.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_block(1, 32, padding=2),  # (n, 32, 14, 14)
            *_block(32, 64, padding=0),  # (n, 64, 5, 5)
            nn.Flatten(),
            nn.Linear(64 * 5 * 5, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, CLASSES)

    @threads.all_cores()
    def features(self, images: Tensor) -> Tensor:
        """What the last layer decides on: (n, 128), not negative."""
        if self.training or len(images) <= PART:  # batch norm learns from all of them together
            return self.body(images)
        return torch.cat([self.body(part) for part in images.split(PART)])

    def forward(self, images: Tensor) -> Tensor:
        """One logit per digit, (n, 10)."""
        return self.head(self.features(images))


@threads.own_draws()  # first weights are drawn and replaced
def load_classifier(device: str | torch.device | None = None) -> DigitClassifier:
    """The shipped classifier, ready to judge: in evaluation mode, its weights frozen, in float32.

    Parameters
    ----------
    device : where it is to run; None takes :func:`course_utils.runtime.device`.

    Raises
    ------
    FileNotFoundError
        when the weights are not where the repository has them.
    CheckpointError
        when the file is damaged, or one of them is not finite.
    """
    classifier = DigitClassifier()
    _, weights = open_tensors(path := runtime.shipped(WEIGHTS))
    refuse_nan(path, weights, "`git checkout` brings the shipped file back")
    classifier.load_state_dict(weights)  # copying into float32 parameters widens the float16 of the file
    return classifier.to(runtime.device(device)).eval().requires_grad_(False)


def or_shipped(classifier: DigitClassifier | None, device: str | torch.device) -> DigitClassifier:
    """The classifier that is given; for None the shipped one, on that device."""
    if classifier is None:
        return load_classifier(device)
    return instance(
        "classifier", classifier, DigitClassifier, "a DigitClassifier, or None for the shipped one"
    )


def _block(n_in: int, n_out: int, padding: int) -> list[nn.Module]:
    # Batch norm follows, so a bias would do nothing.
    convolution = nn.Conv2d(n_in, n_out, kernel_size=5, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(n_out), nn.ReLU(), nn.MaxPool2d(2)]
