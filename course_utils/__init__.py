"""The helper package behind the lecture notebooks on GANs, Wasserstein GANs and style transfer.

Importing it is instant: torch, matplotlib and the widgets come in only with the room that needs them.
The floors and their public names are described in README.md, section "Where things live".
"""

from course_utils import _moved, threads

__version__ = "0.1.0"

_moved.install()
threads.settle()
