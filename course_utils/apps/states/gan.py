"""Lessons 5 and 6: a training, recorded ones and one of one's own."""

from typing import Any

from course_utils.apps.frame import forward, state


def mean(quantity: str) -> Any:
    """Of the last 50 recorded values, or of the last 50 steps."""

    def measure(controller: Any) -> float:
        run = controller.recording
        values = controller.trainer.history[quantity] if run is None else run.metrics[quantity].values
        return float(values[-50:].mean())

    return measure


STATES = (
    state("noise", "Not one step is trained, {} in all: the generator turns latents into grey noise.",
          ("0", lambda c: len(c.trainer.log)), recipe="mlp", do=("reset",)),
    state("30 steps", "After {} steps D takes real pictures for real with probability {}: it learns faster than G.",
          ("30", lambda c: len(c.trainer.log)), ("more than 0.6", mean("d_real")), recipe="mlp",
          do=("reset", forward(30))),
    state("mlp, recorded", "A whole run, recorded: D(x) is {} and D(G(z)) {}; at the equilibrium both would be 0.50.",
          ("0.58", mean("d_real")), ("0.43", mean("d_fake")), recipe="mlp"),
    state("dcgan, recorded", "Better pictures, and D is surer: D(x) is {}, D(G(z)) {}.",
          ("0.89", mean("d_real")), ("0.11", mean("d_fake")), recipe="dcgan"),
    state("a clipped critic, recorded", "Clipped weights: the critic sees real ahead by {}, in its own unit.",
          ("0.08", mean("critic_estimate")), recipe="wgan-clip-tuned"),
    state("a gradient penalty, recorded", "With a penalty the critic's mean slope is {}, and its estimate {}.",
          ("1.04", mean("gradient_norm")), ("1.02", mean("critic_estimate")), recipe="wgan-gp"),
    state("k = 5", "Five steps of D for each of G: after {} steps D(x) is {}.",
          ("20", lambda c: len(c.trainer.log)), ("more than 0.7", mean("d_real")), recipe="mlp",
          do=("reset", {"k": 5}, forward(20))),
)  # fmt: skip
