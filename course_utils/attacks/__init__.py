"""Adversarial examples: pictures changed so little that only the network errs; networks that withstand (lesson 10).

What lives where:

    gradient     ``fgsm`` and ``pgd``, which follow the loss's gradient in the picture; ``random_signs``, ``margins``
    patches      one small picture that fools wherever it is pasted
    accuracy     ``accuracy``, ``robust_accuracy``: the share of pictures that are still named rightly
    inputs       what all of them are given, looked at
    networks     networks that name digits: ``NETWORKS``
    recipes      how each is trained: ``RECIPES``
    trainer      adversarial training on :mod:`course_utils.training`'s loop
    pretrained   the networks that ship

Pictures are tensors (n, 1, 28, 28) in [0, 1] here, and epsilon is in the same units; the attacks take any shape and
other bounds. An attack leaves the model as it finds it.
"""

from course_utils.attacks.accuracy import accuracy, robust_accuracy
from course_utils.attacks.gradient import fgsm, margins, pgd, pgd_path, random_signs
from course_utils.attacks.networks import NETWORKS, DigitNetwork
from course_utils.attacks.patches import paste, patch
from course_utils.attacks.pretrained import load_digit_network, save_digit_network
from course_utils.attacks.recipes import RECIPES, DigitRecipe
from course_utils.attacks.trainer import DigitTrainer

__all__ = [
    "NETWORKS",
    "RECIPES",
    "DigitNetwork",
    "DigitRecipe",
    "DigitTrainer",
    "accuracy",
    "fgsm",
    "load_digit_network",
    "margins",
    "paste",
    "patch",
    "pgd",
    "pgd_path",
    "random_signs",
    "robust_accuracy",
    "save_digit_network",
]
