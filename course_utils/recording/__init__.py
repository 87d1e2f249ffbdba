"""A training run in one small file, to be replayed with NumPy alone: no torch, no GPU, no network.

What lives where:

    writer   ``RunRecorder`` takes samples and numbers while a run goes on
    reader   ``load_recording`` opens a file; the format is described there
    curves   a quantity against the training step, thinned to what a picture can show
"""

from course_utils.recording.curves import Curve
from course_utils.recording.reader import Recording, load_recording, recordings
from course_utils.recording.writer import RunRecorder, schedule

__all__ = ["Curve", "Recording", "RunRecorder", "load_recording", "recordings", "schedule"]
