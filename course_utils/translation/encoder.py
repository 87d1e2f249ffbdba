"""DTN's given network f, made of one that names digits (Taigman et al. 2017)."""

import torch
from torch import Tensor, nn

from course_utils.checks import instance, switch
from course_utils.translation.domains import Domains, black


class GivenEncoder(nn.Module):
    """f: all layers of a digit network but the last; frozen, and scaled to a mean square of 1 on the held-out x.

    Parameters
    ----------
    network : layers in a row that name white digits on black, (n, 1, 28, 28) in [0, 1], such as
        ``load_digit_network("cnn")``.
    domains : whose pictures it reads.
    both : it turns black digits on white round first, and so reads both sides of ``inverted`` alike: then f knows what
        the two domains have in common, and without it only the first.
    """

    def __init__(self, network: nn.Sequential, domains: Domains, *, both: bool = False):
        super().__init__()
        instance("network", network, nn.Sequential, "layers in a row, such as load_digit_network() gives")
        instance("domains", domains, Domains, "Domains")
        self.body = nn.Sequential(*list(network)[:-1]).eval().requires_grad_(False)
        self.both, self.scale = switch("both", both), 1.0
        x, _ = domains.held_out()
        with torch.no_grad():
            self.scale = self(x).square().mean().sqrt().item()

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (n, 1, 28, 28) in [-1, 1], of either side, -> features (n, k)."""
        seen = black(x) if self.both else x
        return self.body((seen + 1) / 2) / self.scale
