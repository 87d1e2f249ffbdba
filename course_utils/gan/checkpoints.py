"""Stop today, go on tomorrow as if the training had never stopped.

For example:

    save_checkpoint(trainer, "run.safetensors")
    trainer = resume(images, "run.safetensors")              a new trainer, where the old one was
    load_checkpoint(trainer, "run.safetensors")              the same for a trainer that is there already

To lose nothing of a long run, save it while it runs:

    for step in trainer.steps(19_000):
        if step % 1000 == 0:
            save_checkpoint(trainer, "run.safetensors")
"""

from pathlib import Path

import numpy as np

from course_utils.datasets import Images
from course_utils.gan.recipes import Recipe
from course_utils.gan.trainer import AdversarialTrainer
from course_utils.training.checkpoints import (
    CheckpointError,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)

__all__ = ["CheckpointError", "load_checkpoint", "resume", "save_checkpoint"]


def resume(images: Images | np.ndarray, path: str | Path, device: str | None = None) -> AdversarialTrainer:
    """A new trainer on the pictures that goes on where the saved one stopped; on the CPU, the same to the bit.

    Parameters
    ----------
    images : those of the earlier training (they are not in the file).
    path : what :func:`save_checkpoint` wrote.
    device : where to train; None takes :func:`course_utils.runtime.device`. On another kind of device than before, the
        weights are the same and the minibatches to come are not.

    Raises
    ------
    FileNotFoundError, CheckpointError
        when there is no such file, or it is no checkpoint that can be read.
    """
    content = read_checkpoint(path, Recipe)
    trainer = AdversarialTrainer(images, content["state"]["recipe"], device=device, seed=content["seed"])
    trainer.load_state_dict(content["state"])
    return trainer
