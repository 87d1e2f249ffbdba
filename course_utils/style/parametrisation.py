"""What the optimizer moves: the pixels themselves, or numbers that make a picture.

The minimum is the same, the way there is not. A step on pixels moves each of them as far as it likes, so what a deep
layer does not see (fine grain, the colour of a large area) stays as noisy as it was. A step on the coefficients of
:class:`Spectrum` moves all pixels together, in the proportions that photographs have (Olah, Mordvintsev, Schubert 2017,
"Feature visualization", the section on preconditioning).
"""

import math

import torch
from torch import Tensor

from course_utils import threads

# The root of the covariance of ImageNet's colours (Olah et al. 2017, in their package lucid): each column is a
# direction in RGB, first light and dark, then two hues, as long as photographs vary along it.
COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
CONTRAST = 4.0  # so that coefficients of size 1 give a picture with the contrast of a photograph
FAINT = 0.01  # of the noise to start from: nearly grey
CLOSEST = 0.02  # how near to 0 and 1 a given picture's pixels may be


class Pixels:
    """The picture itself, kept in [0, 1]."""

    low, high = 0.0, 1.0

    def __init__(self, like: Tensor):
        self._like = like

    def picture(self, pixels: Tensor) -> Tensor:
        return pixels

    def parameters(self, picture: Tensor) -> Tensor:
        return picture.detach()

    def noise(self, seed: int) -> Tensor:
        """Uniform in [0, 1]; drawn on the CPU, the same on every device."""
        random = torch.Generator().manual_seed(seed)
        return torch.rand(self._like.shape, generator=random).to(self._like.device)


class Spectrum:
    """x = sigmoid(4 C u), u the inverse Fourier transform of the coefficients z, each divided by its frequency.

    Parameters
    ----------
    like : a picture (1, 3, h, w), or a luminance (1, 1, h, w), whose shape all have. Then z is
        (1, 3, h, w // 2 + 1, 2), the real and the imaginary parts; where all z are of size 1, u has mean square 1.
    """

    low, high = -math.inf, math.inf

    def __init__(self, like: Tensor):
        _, channels, h, w = self._shape = like.shape
        down = torch.fft.fftfreq(h, device=like.device)[:, None]
        along = torch.fft.rfftfreq(w, device=like.device)
        self._size = 1 / torch.hypot(down, along).clamp_min(1 / max(h, w))
        # of all h x w frequencies: the half that is left out mirrors the other
        twice = torch.full_like(self._size, 2.0)
        twice[:, 0] = 1.0
        if w % 2 == 0:
            twice[:, -1] = 1.0
        self._size /= ((self._size.square() * twice).sum() / (h * w)).sqrt() * math.sqrt(2)
        colours = torch.tensor(COLOURS if channels == 3 else ((1.0,),), device=like.device)
        self._colours = CONTRAST * colours / colours.norm(dim=0).max()

    def picture(self, z: Tensor) -> Tensor:
        u = torch.fft.irfft2(torch.view_as_complex(z) * self._size, s=self._shape[-2:], norm="ortho")
        with threads.exactly(1):  # several would compute other pixels, at their parts' ends, one by one
            return torch.einsum("dc,nchw->ndhw", self._colours, u).sigmoid()

    def parameters(self, picture: Tensor) -> Tensor:
        """The z of a picture whose pixels are brought into [0.02, 0.98]."""
        light = picture.detach().clamp(CLOSEST, 1 - CLOSEST).logit()
        u = torch.einsum("cd,ndhw->nchw", torch.linalg.inv(self._colours), light)
        return torch.view_as_real(torch.fft.rfft2(u, norm="ortho") / self._size).contiguous()

    def noise(self, seed: int) -> Tensor:
        """A faint noise around grey, with the spectrum and the colours of photographs; the same on every device."""
        n, channels, h, w = self._shape
        drawn = torch.randn(n, channels, h, w // 2 + 1, 2, generator=torch.Generator().manual_seed(seed))
        return FAINT * drawn.to(self._size.device)


PARAMETRISATIONS: dict[str, type[Pixels] | type[Spectrum]] = {"pixels": Pixels, "spectrum": Spectrum}
