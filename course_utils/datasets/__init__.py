"""Pictures of handwritten digits: MNIST, and a stand-in that needs no network.

What lives where:

    digits      ``load_images``, ``load_mnist``, ``load_digits_stand_in`` and the ``Images`` that they give
    downloads   files from several mirrors, checked by their hash
"""

from course_utils.datasets.digits import (
    MIRRORS,
    SHA256,
    Images,
    load_digits_stand_in,
    load_images,
    load_mnist,
)
from course_utils.datasets.downloads import DataUnavailable
from course_utils.datasets.scaling import SIDE

__all__ = [
    "MIRRORS",
    "SHA256",
    "SIDE",
    "DataUnavailable",
    "Images",
    "load_digits_stand_in",
    "load_images",
    "load_mnist",
]
