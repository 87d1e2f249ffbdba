"""Generative adversarial networks on 28x28 pictures: networks, objectives, recipes and the trainer, each apart."""

from course_utils.gan.recipes import RECIPES, Recipe
from course_utils.gan.trainer import AdversarialTrainer

__all__ = ["RECIPES", "AdversarialTrainer", "Recipe"]
