"""Neural style transfer: feature networks, losses, the transfer itself, each apart."""

from course_utils.style.features import FeatureNetwork, load_features
from course_utils.style.losses import content_loss, gram_matrix, style_loss, total_variation
from course_utils.style.reconstruct import reconstruct_content, synthesise_texture
from course_utils.style.transfer import StyleTransfer

__all__ = [
    "FeatureNetwork",
    "StyleTransfer",
    "content_loss",
    "gram_matrix",
    "load_features",
    "reconstruct_content",
    "style_loss",
    "synthesise_texture",
    "total_variation",
]
