"""Take the steps that lesson 7's app shows at first, and write data/checkpoints/style_prepared.safetensors.

    python data/make/style_prepared.py

A second on one CPU core. To be run again where a test says that these steps lead to another picture by now.
"""

from course_utils.apps.style import StyleController

controller = StyleController("flower", "stained_glass", "embedded", ".")
for _ in range(8):
    controller.one_step()
controller.store_prepared()
