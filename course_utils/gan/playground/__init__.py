"""GANs in the plane, where everything can be seen and measured (lesson 8).

What lives where:

    session   one run that can be stepped, changed, rewound and shared
    history   the recorded time behind it
    plane     what a run looks like, and how far it is from its data: ``from course_utils.gan.playground import plane``
    presets   guided experiments
    bugs      trainers with the common mistakes of public GAN code
"""

from course_utils.gan.playground.bugs import BUGS
from course_utils.gan.playground.presets import PRESETS, Preset, outcome
from course_utils.gan.playground.session import (
    BLOB,
    DATA,
    VIEW,
    Data,
    Diverged,
    Session,
    make_data,
    read_csv,
    scaled_to_view,
)

__all__ = [
    "BLOB",
    "BUGS",
    "DATA",
    "PRESETS",
    "VIEW",
    "Data",
    "Diverged",
    "Preset",
    "Session",
    "make_data",
    "outcome",
    "read_csv",
    "scaled_to_view",
]
