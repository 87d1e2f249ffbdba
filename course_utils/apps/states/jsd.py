"""Lesson 1: two densities."""

from typing import Any

from course_utils.apps.frame import state


def of(name: str) -> Any:
    """A divergence, or the value of the game."""
    return lambda c: c.divergences[name]


STATES = (
    state("equal",
          "Equal densities: every distance is 0, D* is 1/2 everywhere, and the game's value is {} = −2 log 2.",
          ("−1.386", of("value")), preset="equal"),
    state("a first guess",
          "One wide bump for two narrow ones: the JSD is {} nats; D* dips below 1/2 where there is too much of p_G.",
          ("0.327", of("jsd")), preset="a first guess"),
    state("only one mode",
          "The generator makes one mode of two: KL(p* || p_G) punishes that with {} nats, KL(p_G || p*) only with {}.",
          ("10.4", of("kl_p_g")), ("0.69", of("kl_g_p")), preset="only one mode"),
    state("covers everything",
          "The generator covers too much: now KL(p_G || p*), {} nats, is the larger one, and KL(p* || p_G) is {}.",
          ("1.40", of("kl_g_p")), ("0.55", of("kl_p_g")), preset="covers everything"),
    state("far apart", "Nothing overlaps: both KL are {} nats, and the JSD has reached {}, log 2, where it stays.",
          ("200", of("kl_p_g")), ("0.6931", of("jsd")), preset="far apart"),
    state("twelve steps nearer",
          "The generator has come 1.2 nearer, the JSD is still {}: a distance that does not move tells no direction.",
          ("0.6931", of("jsd")), do=({"preset": "far apart"}, {"g1": 2.8, "g2": 2.8})),
    state("blocks: KL is infinite",
          "Blocks end: where p* has mass and p_G none, KL(p* || p_G) is {}, while the JSD is {} nats.",
          ("∞", of("kl_p_g")), ("0.216", of("jsd")), preset="only one mode", shape="blocks"),
)  # fmt: skip
