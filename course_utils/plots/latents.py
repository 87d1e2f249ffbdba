"""Pictures of a latent space: sums of latents, as an equation of pictures."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.datasets.scaling import SIDE, Scale, read_pictures, to_symmetric


def draw_equation(
    ax: Axes,
    pictures: Sequence[ArrayLike],
    signs: Sequence[str],
    names: Sequence[str],
    *,
    scale: Scale | None = None,
) -> None:
    """Pictures in a row with signs such as "−", "+" and "=" between them, and a name below each.

    Parameters
    ----------
    pictures : (28, 28) or (1, 28, 28) each, in [-1, 1] as a generator gives them, or in another scale.
    signs : one fewer than pictures.
    names : one for each picture.
    scale : that of the pictures; None goes by the rule of :func:`~course_utils.datasets.scaling.scale_of`.

    Raises
    ------
    ValueError
        when the numbers of pictures, signs and names do not fit, or for pictures of another shape, type or range.
    """
    if not len(pictures) == len(names) == len(signs) + 1:
        raise ValueError(
            f"{len(pictures)} pictures need as many names and one sign fewer; got {len(names)} names and "
            f"{len(signs)} signs."
        )
    grey_levels = read_pictures("pictures", [np.asarray(each).squeeze() for each in pictures], scale, SIDE)
    step = 1.5  # a picture is 1 wide
    for i, (grey, name) in enumerate(zip(to_symmetric(*grey_levels), names, strict=True)):
        left = i * step
        ax.imshow(grey, cmap="gray", vmin=-1, vmax=1, extent=(left, left + 1, 0, 1))
        ax.text(left + 0.5, -0.1, name, ha="center", va="top", fontsize=12)
    for i, sign in enumerate(signs):
        ax.text((i + 1) * step - 0.25, 0.5, sign, ha="center", va="center", fontsize=22)
    ax.set(xlim=(-0.1, len(pictures) * step - 0.4), ylim=(-0.45, 1.05), aspect="equal")
    ax.set_axis_off()
