"""Neural style transfer (lesson 7).

What lives where:

    features      frozen networks that see a picture layer by layer; ``networks`` builds them, ``weights`` reads files
    losses        content, style, Gram matrices, total variation, each as its formula
    transfer      the picture that moves, step by step; ``level``, ``perceptual``, ``parametrisation`` and
                  ``lbfgs`` are its parts
    reconstruct   what a layer keeps of a picture; textures from Gram matrices alone
    eyes          how near two pictures' styles are, for networks and for no network
    colour        keeping the colours of the content
    embedded      the small network that ships
"""

from course_utils.pictures import open_picture, sample_pictures
from course_utils.style.eyes import patch_distance, style_distance
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
    "open_picture",
    "patch_distance",
    "reconstruct_content",
    "sample_pictures",
    "style_distance",
    "style_loss",
    "synthesise_texture",
    "total_variation",
]
