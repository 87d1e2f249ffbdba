"""How good are generated digits, and are they all there? (lessons 5 and 6)

What lives where:

    classes      what a classifier sees in pictures; how many modes are covered, of digits and of points
    frechet      the Fréchet distance between two clouds of features
    attributes   how much ink a digit has, and how far it leans
    neighbours   nearest training pictures: has the generator learned them by heart?
    classifier   the network behind it all
"""

from course_utils.gan.metrics.attributes import ink, slant
from course_utils.gan.metrics.classes import (
    MixtureCoverage,
    ModeCoverage,
    Seen,
    features,
    look,
    mixture_coverage,
    mode_coverage,
)
from course_utils.gan.metrics.classifier import DigitClassifier, load_classifier
from course_utils.gan.metrics.frechet import frechet_distance
from course_utils.gan.metrics.neighbours import Memorisation, Neighbours, memorisation, nearest_neighbours

__all__ = [
    "DigitClassifier",
    "Memorisation",
    "MixtureCoverage",
    "ModeCoverage",
    "Neighbours",
    "Seen",
    "features",
    "frechet_distance",
    "ink",
    "load_classifier",
    "look",
    "memorisation",
    "mixture_coverage",
    "mode_coverage",
    "nearest_neighbours",
    "slant",
]
