"""The helper package behind the lecture notebooks on GANs, Wasserstein GANs and style transfer.

Importing it is instant: torch, matplotlib and the widgets come in only with the room that needs them.
What lives where: README.md, section "Where things live"; the floors: CONTRIBUTING.md.
"""

from course_utils import _moved, memory, threads

__version__ = "0.1.0"

_moved.install()
threads.settle()
memory.settle()
