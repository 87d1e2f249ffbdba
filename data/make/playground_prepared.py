"""Take the steps with which lesson 8's app opens: where they lead goes into data/checkpoints/, what was measured on the
way, and the floors of all data, into data/measured/.

    python data/make/playground_prepared.py

Two seconds on one CPU core. To be run again where a test says that these steps lead elsewhere by now.
"""

from dataclasses import asdict

from course_utils import runtime
from course_utils.apps.playground import PlaygroundController
from course_utils.apps.playground.measurements import DRAWS
from course_utils.gan import save_checkpoint
from course_utils.gan.playground import DATA, make_data, plane
from course_utils.gan.playground.session import PREPARED, STEPS

measured = runtime.REPOSITORY / f"data/measured/{PREPARED}.json"
measured.unlink(missing_ok=True)  # or it would be opened
controller = PlaygroundController()
run = controller.run_of(STEPS)
controller.prepare(STEPS)
controller.measurements.look()
save_checkpoint(controller.session.trainer, runtime.REPOSITORY / f"data/checkpoints/{PREPARED}.safetensors")
taken = {step: asdict(measures) for step, measures in controller.measurements.taken.items()}
floors = {data: [plane.floor(make_data(data), seed=seed) for seed in range(DRAWS)] for data in DATA}
about = {"benchmark": PREPARED, "machine": runtime.describe_machine()}
runtime.store_results(PREPARED, about | {"run": run, "taken": taken, "floors": floors})
