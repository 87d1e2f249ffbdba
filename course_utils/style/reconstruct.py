"""What a layer knows: a picture from its features alone, a texture from its Gram matrices alone."""

from collections.abc import Iterable
from typing import Any

from course_utils.style.features import FeatureNetwork
from course_utils.style.transfer import StyleTransfer


def reconstruct_content(
    image: Any,
    features: str | FeatureNetwork,
    layer: str,
    *,
    steps: int = 100,
    progress: bool = False,
    **settings: Any,
) -> StyleTransfer:
    """From noise, a picture with the same features in one layer (Mahendran, Vedaldi 2015; Gatys et al. 2016, fig. 1).

    It is :class:`StyleTransfer` with beta = 0. What the result lacks, the layer has forgotten: the deeper, the more.

    Parameters
    ----------
    image, features : as for :class:`StyleTransfer`, as are further settings (``size``, ``seed``, ...).
    layer : one of the network's layers.

    Returns
    -------
    the transfer after that many steps: ``.image`` is the picture, ``.history["content"]`` how well it fits; run it on
    for more.
    """
    settings = {"start": "noise", "beta": 0.0, "content_layers": [layer], "style_layers": [layer], **settings}
    return StyleTransfer(image, image, features=features, **settings).run(steps, progress=progress)


def synthesise_texture(
    style: Any,
    features: str | FeatureNetwork,
    layers: Iterable[str] | None = None,
    *,
    steps: int = 100,
    progress: bool = False,
    **settings: Any,
) -> StyleTransfer:
    """From noise, a picture with the same Gram matrices in these layers (Gatys, Ecker, Bethge 2015): a texture.

    It is :class:`StyleTransfer` with alpha = 0. The result has the style's colours and strokes and none of its layout,
    because a Gram matrix sums over all positions.

    Parameters
    ----------
    style, features : as for :class:`StyleTransfer`, as are further settings.
    layers : the layers whose Gram matrices count; None: the network's style layers.

    Returns
    -------
    the transfer after that many steps, as in :func:`reconstruct_content`; ``.history["style"]`` is what was minimised.
    """
    settings = {"start": "noise", "alpha": 0.0, "style_layers": layers, **settings}
    return StyleTransfer(style, style, features=features, **settings).run(steps, progress=progress)
