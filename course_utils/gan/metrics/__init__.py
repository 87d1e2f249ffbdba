"""How good are generated digits, and are they all there? (lessons 5 and 6)

What lives where:

    classes      what a classifier sees in pictures; how many modes are covered, of digits and of points
    frechet      the Fréchet distance between two clouds of features
    neighbours   nearest training pictures: has the generator learned them by heart?
    classifier   the network behind it all
"""

from course_utils.gan.metrics.classes import (
    Evaluation,
    MixtureCoverage,
    ModeCoverage,
    Seen,
    evaluate,
    features,
    look,
    mixture_coverage,
    mode_coverage,
)
from course_utils.gan.metrics.classifier import DigitClassifier, load_classifier
from course_utils.gan.metrics.frechet import feature_statistics, frechet_distance
from course_utils.gan.metrics.neighbours import (
    Memorisation,
    Neighbours,
    PrecisionRecall,
    memorisation,
    nearest_neighbours,
    precision_recall,
)

__all__ = [
    "DigitClassifier",
    "Evaluation",
    "Memorisation",
    "MixtureCoverage",
    "ModeCoverage",
    "Neighbours",
    "PrecisionRecall",
    "Seen",
    "evaluate",
    "feature_statistics",
    "features",
    "frechet_distance",
    "load_classifier",
    "look",
    "memorisation",
    "mixture_coverage",
    "mode_coverage",
    "nearest_neighbours",
    "precision_recall",
]
