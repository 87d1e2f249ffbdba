"""One loop for everything that is trained; it knows nothing of GANs.

What lives where:

    loop          ``TrainingLoop``: a subclass names its networks and says what one step computes
    settings      ``Settings``: a run's recipe, one printable object; ``ModelSettings``, where one network is trained
    progress      ``Stepwise``: steps one by one, or many with a progress bar
    log           what was measured at each step, by name
    guard         stops at numbers that are no longer finite, and goes back
    average       a network whose weights are averaged over the training
    state         copies of what a training depends on
    graphs        a whole step as one CUDA graph
    checkpoints   a training in one file
    pretrained    a trained network in a file of its own
"""

from course_utils.training.average import ExponentialMovingAverage
from course_utils.training.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from course_utils.training.loop import TrainingLoop, descend, still
from course_utils.training.pretrained import NetworkFile
from course_utils.training.progress import Stepwise
from course_utils.training.settings import ModelSettings, Settings

__all__ = [
    "CheckpointError",
    "ExponentialMovingAverage",
    "ModelSettings",
    "NetworkFile",
    "Settings",
    "Stepwise",
    "TrainingLoop",
    "descend",
    "load_checkpoint",
    "save_checkpoint",
    "still",
]
