"""Recorded time, with a run so small that thousands of moves take no time."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_utils.gan.playground.history import Recording


class Run:
    """A number that every move and every change turns into another one; their order matters."""

    def __init__(self, size=1):
        self.size, self.number, self.factor = size, 1, 3

    def make_move(self, move):
        self.number = (self.number * self.factor + ord(move)) % (2**31 - 1)
        return self.number

    def make_change(self, change):
        if change["factor"] == 0:
            raise ValueError("no factor is 0")
        self.factor = change["factor"]
        self.number += 1

    def get_state(self):
        return {"number": torch.full((self.size,), self.number), "factor": self.factor}

    def set_state(self, state):
        self.number, self.factor = state["number"][0].item(), state["factor"]


def state(run):
    return run.number, run.factor


DOINGS = st.lists(
    st.one_of(
        st.sampled_from("BDG"),
        st.builds(lambda factor: {"factor": factor}, st.integers(1, 9)),
        st.floats(0, 1),  # go there, as a part of the recorded time
    ),
    max_size=60,
)


@example(["B", "B", "B", 1 / 3, "D", 0.0, 1.0], 1, 12)  # another branch, left and entered again
@settings(max_examples=300)
@given(doings=DOINGS, spacing=st.integers(1, 8), budget=st.integers(0, 12))
def test_wherever_one_goes_all_is_as_if_one_had_come_there_directly(doings, spacing, budget):
    """Oracle: a list of what was done, and a run that has done it once, from its beginning."""
    run, told = Run(), []  # of the present branch
    recording = Recording(run, spacing=spacing, budget=8 * budget)
    visible = 0  # how many of its items led here
    for doing in doings:
        if isinstance(doing, float):
            step = round(doing * recording.end)
            recording.go(step)
            moves = [i for i, item in enumerate(told) if isinstance(item, str)]
            visible = moves[step] if step < len(moves) else len(told)
        else:
            told = [*told[:visible], doing]
            visible = len(told)
            recording.move(doing) if isinstance(doing, str) else recording.change(doing)
        direct = Run()
        for item in told[:visible]:
            direct.make_move(item) if isinstance(item, str) else direct.make_change(item)
        assert state(run) == state(direct)
        assert recording.now == sum(isinstance(item, str) for item in told[:visible])
        assert recording.end == sum(isinstance(item, str) for item in told)
        again = []
        for item in recording.schedule():
            again.extend("B" * item if isinstance(item, int) else item if isinstance(item, str) else [item])
        assert again == told[:visible]


def test_a_change_that_fails_is_not_recorded():
    run = Run()
    recording = Recording(run)
    recording.move("B")
    with pytest.raises(ValueError, match="no factor"):
        recording.change({"factor": 0})
    assert recording.schedule() == [1]


def test_the_memory_is_bounded_however_long_the_run_and_time_stays_exact():
    run = Run(size=1000)
    recording = Recording(run, spacing=2, budget=6 * 8000)
    known = []
    for _ in range(500):
        known.append(state(run))
        recording.move("B")
        assert recording.bytes <= 6 * 8000
    for step in (499, 0, 250, 251, 3, 498):
        recording.go(step)
        assert state(run) == known[step]
    for step in (-1, 501):
        with pytest.raises(ValueError, match="from 0 to 500"):
            recording.go(step)


def test_by_default_at_most_64_megabytes_are_kept():
    recording = Recording(Run(size=2**17), spacing=1)  # a state is a megabyte
    most = 0
    for _ in range(100):
        recording.move("B")
        most = max(most, recording.bytes)
    assert 32 * 2**20 < most <= 64 * 2**20
