"""Generative adversarial networks: on 28x28 pictures of digits, and on points of the plane (lessons 5, 6, 8 and 11).

What lives where:

    recipes        every run's settings in one printable object: ``RECIPES``
    networks       generators and discriminators; ``minibatch`` has the layers that see the whole minibatch
    objectives     what the two players minimise; ``penalties`` keep a critic Lipschitz
    conditional    what both are told: the digit, and measured attributes (lesson 11)
    adversarial    the steps of any two players, on :mod:`course_utils.training`'s loop
    trainer        the same on pictures, and on points of the plane
    upscale        super-resolution, 7x7 to 28x28 (lesson 12)
    judges         a discriminator or a critic alone, between two given distributions
    checkpoints    a training in one file; ``pretrained`` has the generators that ship
    metrics/       how good generated digits are: ``gan.metrics``
    playground/    runs in the plane that can be stepped, changed, rewound and shared
"""

from course_utils.gan import metrics
from course_utils.gan.checkpoints import CheckpointError, load_checkpoint, resume, save_checkpoint
from course_utils.gan.judges import Critic, Discriminator
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import clip_weights, gradient_norms, gradient_penalty, interpolate
from course_utils.gan.pretrained import load_generator, save_generator
from course_utils.gan.recipes import RECIPES, Recipe, get_recipe
from course_utils.gan.trainer import POINTS, AdversarialTrainer, PointCloud, PointTrainer

__all__ = [
    "OBJECTIVES",
    "POINTS",
    "RECIPES",
    "AdversarialTrainer",
    "CheckpointError",
    "Critic",
    "Discriminator",
    "PointCloud",
    "PointTrainer",
    "Recipe",
    "clip_weights",
    "get_recipe",
    "gradient_norms",
    "gradient_penalty",
    "interpolate",
    "load_checkpoint",
    "load_generator",
    "metrics",
    "resume",
    "save_checkpoint",
    "save_generator",
]
