"""Style transfer as the popular tutorial does it, for benchmarks/style.py: VGG-19 cut after the deepest layer, targets
computed once, ReLU not in place, weights not frozen, NCHW, torch's L-BFGS."""

from pathlib import Path

import torch
from course_utils.datasets.downloads import DataUnavailable
from course_utils.pictures import open_picture, sample_pictures
from course_utils.style import gram_matrix, load_features
from course_utils.style.networks import NETWORKS, vgg19
from course_utils.style.weights import find
from safetensors.torch import save_file

BETA = 20.0
CONTENT, STYLE = "grace_hopper", "mosaic"


def pictures(size: int, device: str) -> list[torch.Tensor]:
    """The square middle of the content, and the style, (1, 3, size, size)."""
    found = []
    for name in (CONTENT, STYLE):
        picture = sample_pictures()[name]()
        h, w, _ = picture.shape
        side = min(h, w)
        top, left = (h - side) // 2, (w - side) // 2
        square = open_picture(picture[top : top + side, left : left + side], size)
        found.append(torch.as_tensor(square).movedim(-1, 0)[None].contiguous().to(device))
    return found


def weight_file(folder: str) -> tuple[Path, str]:
    """VGG-19's weights, or random ones in their place."""
    try:
        return find(NETWORKS["vgg19"]), "trained"
    except DataUnavailable:
        random = torch.Generator().manual_seed(0)
        state = {
            f"features.{key}": torch.randn(value.shape, generator=random) * (2 / value[0].numel()) ** 0.5
            if value.ndim > 1
            else torch.zeros(value.shape)
            for key, value in vgg19().state_dict().items()
        }
        path = Path(folder) / "vgg19.safetensors"
        save_file(state, path)
        return path, "random"


class Reference:
    """The tutorial's way, with the objective of ours: the same numbers, so that losses can be compared."""

    def __init__(self, path: Path, size: int, device: str):
        spec = NETWORKS["vgg19"]
        features = load_features("vgg19", path=path, device=device)
        end = max(features.depth[tap] for tap in (*spec.style_layers, *spec.content_layers))
        self.network = features.network[:end].to(memory_format=torch.contiguous_format).requires_grad_(True)
        for child in self.network:
            if isinstance(child, torch.nn.ReLU):
                child.inplace = False
        self.mean, self.std = features.mean, features.std
        self.at = {features.depth[tap] - 1: tap for tap in (*spec.style_layers, *spec.content_layers)}
        self.style_layers, self.content_layers = spec.style_layers, spec.content_layers
        content, style = pictures(size, device)
        with torch.no_grad():
            of_content, of_style = self.features(content), self.features(style)
            self.scales = {
                tap: h.square().mean().sqrt() for tap, h in (of_style | self._only(of_content)).items()
            }
            self.targets = {tap: of_content[tap] / self.scales[tap] for tap in self.content_layers}
            self.grams = {tap: gram_matrix(of_style[tap] / self.scales[tap]) for tap in self.style_layers}
            self.units = 1.0, 1.0
            self.units = self.losses({tap: torch.zeros_like(h) for tap, h in of_content.items()})
        self.x = content.clone().requires_grad_()
        self.optimizer = torch.optim.LBFGS(
            [self.x], max_iter=1, history_size=100, tolerance_grad=0, tolerance_change=0
        )

    def _only(self, values):
        return {tap: values[tap] for tap in self.content_layers}

    def features(self, image):
        values, found = (image - self.mean) / self.std, {}
        for i, child in enumerate(self.network):
            values = child(values)
            if i in self.at:
                found[self.at[i]] = values
        return found

    def losses(self, values):
        content = sum(
            (values[tap] / self.scales[tap] - self.targets[tap]).square().sum() / 2 for tap in self.targets
        )
        style = 0
        for tap, target in self.grams.items():
            n, m = values[tap].shape[1], values[tap][0, 0].numel()
            gram = gram_matrix(values[tap] / self.scales[tap])
            style = style + (gram - target).square().sum() / (4 * n**2 * m**2)
        return content / self.units[0], style / self.units[1]

    def step(self) -> float:
        """The loss from before the step; pixels are clamped after it."""

        def closure():
            self.optimizer.zero_grad()
            content, style = self.losses(self.features(self.x))
            loss = content + BETA * style
            loss.backward()
            return loss

        loss = self.optimizer.step(closure)
        with torch.no_grad():
            self.x.clamp_(0, 1)
        return loss.item()
