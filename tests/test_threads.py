"""How many threads compute, and how they wait. What is decided when torch is loaded, in interpreters of their own."""

import dataclasses
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils import threads
from course_utils.gan import AdversarialTrainer
from course_utils.gan.adversarial import Verdict
from course_utils.gan.networks import BatchNorm1d
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import PENALTIES
from course_utils.pictures import sample_pictures
from course_utils.style import StyleTransfer, load_features
from course_utils.style.parametrisation import PARAMETRISATIONS
from course_utils.training.state import tensors_of

OWN = {
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "GOMP_SPINCOUNT",
    "KMP_BLOCKTIME",
    "COURSE_THREADS",
}


def said(code: str, root, **settings: str) -> list[str]:
    """What a fresh interpreter prints, with nothing said about threads but these settings."""
    environment = {k: v for k, v in os.environ.items() if k not in OWN} | settings
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return (run.stdout + run.stderr).splitlines()


@pytest.fixture
def three(monkeypatch):
    """Three threads are allowed; one computes at first."""
    monkeypatch.setenv("COURSE_THREADS", "3")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def threads_in(network, do) -> set[int]:
    """With how many threads the parts of a network compute when this is done; afterwards it is one again."""
    seen = set()
    for part in network.modules():
        part.register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
    do()
    assert torch.get_num_threads() == 1
    return seen


@pytest.fixture(params=[False, True], ids=["crowd", "room"])
def room(request, monkeypatch):
    """Whether a core is idle."""
    monkeypatch.setattr(threads.GnuPool, "has_room", lambda self, count: request.param)
    return request.param


@pytest.mark.parametrize(("recipe", "inside"), [("dcgan", 3), ("wgan-gp", 3)])
def test_large_networks_take_what_is_allowed(recipe, inside, small, three, room):
    trainer = small(recipe, batch_size=4)
    assert threads_in(trainer.discriminator, lambda: trainer.run(2, progress=False)) == {inside}


class Watched(AdversarialTrainer):
    """What a student writes: nobody has tried its steps, so it takes one thread."""


@pytest.mark.parametrize(
    ("settings", "few"),
    [
        ({}, True),
        ({"objective": "wasserstein", "penalty": "gp"}, True),
        ({"generator_widths": (20, 33)}, False),
        ({"batch_size": 60}, False),
        ({"minibatch_statistics": "stddev"}, False),
    ],
    ids=str,
)
def test_small_networks_take_a_second_thread_only_where_a_core_is_idle_and_it_changes_no_bit(
    settings, few, images, three, room
):
    """The whole state after some steps, weights, averages and history: that of one thread."""
    trainer, alone = (kind(images, "mlp", device="cpu", **settings) for kind in (AdversarialTrainer, Watched))
    seen = threads_in(trainer.discriminator, lambda: trainer.run(12, progress=False))
    assert (trainer.alike is not None) == few
    assert seen == {threads.FEW if few and room and trainer.alike() else 1}
    assert threads_in(alone.discriminator, lambda: alone.run(12, progress=False)) == {1}
    states = (tensors_of(each.state_dict()) for each in (trainer, alone))
    torch.testing.assert_close(*states, rtol=0, atol=0, equal_nan=True)


class Telltale(torch.nn.Module):
    """A layer of a notebook's own, whose numbers depend on how many compute."""

    def forward(self, x):
        return x.flatten(1).sum(dim=1) * torch.get_num_threads()


def told(scores):
    """A loss that depends on how many compute, with a gradient that does not."""
    return scores.mean() + torch.get_num_threads()


def test_what_a_notebook_puts_in_a_place_takes_one_thread(images, three, room, monkeypatch):
    trainer = AdversarialTrainer(images, "mlp", device="cpu", objective="hinge")
    assert threads_in(trainer.discriminator, trainer.step) == {threads.FEW if room and trainer.alike() else 1}
    # the word means another thing from here on; only the history would tell
    monkeypatch.setitem(OBJECTIVES, "hinge", dataclasses.replace(OBJECTIVES["hinge"], generator=told))
    assert threads_in(trainer.discriminator, trainer.step) == {1}
    monkeypatch.undo()
    trainer.discriminator = torch.nn.Sequential(Telltale())
    trainer.discriminator_step = lambda: Verdict(*torch.zeros(4))
    monkeypatch.setattr(threads.GnuPool, "has_room", lambda self, count: True)
    monkeypatch.setenv("COURSE_THREADS", "3")
    assert threads_in(trainer.discriminator, trainer.step) == {1}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the older one
@pytest.mark.parametrize(
    "norm",
    [torch.nn.utils.parametrizations.spectral_norm, torch.nn.utils.spectral_norm],
    ids=["new", "older"],
)
def test_a_layer_that_a_notebook_changed_takes_one_thread(norm, images, three, room):
    trainer = AdversarialTrainer(images, "mlp", device="cpu")
    norm(trainer.discriminator.layers[1])
    trainer.make_optimizers()
    assert threads_in(trainer.discriminator, trainer.step) == {1}


def test_an_optimizer_that_a_notebook_made_takes_one_thread(images, three, room):
    trainer = AdversarialTrainer(images, "mlp", device="cpu")
    trainer.discriminator_optimizer = torch.optim.NAdam(trainer.discriminator.parameters())
    assert threads_in(trainer.discriminator, trainer.step) == {1}


def test_an_entry_that_nothing_can_be_remembered_of_takes_one_thread(images, three, room, monkeypatch):
    monkeypatch.setitem(PENALTIES, "mine", dataclasses.replace(PENALTIES["gp"], at=["between"]))  # a list
    trainer = AdversarialTrainer(images, "mlp", device="cpu", objective="wasserstein", penalty="mine")
    assert threads_in(trainer.discriminator, trainer.step) == {1}


def test_what_was_tried_in_one_precision_is_tried_again_in_another(images, three, monkeypatch):
    monkeypatch.setattr(threads.GnuPool, "has_room", lambda self, count: True)
    real, tried = AdversarialTrainer.update, []
    monkeypatch.setattr(
        AdversarialTrainer,
        "update",
        lambda self: (tried.append(next(self.generator.parameters()).dtype), real(self))[1],
    )
    settings = {"objective": "hinge", "batch_size": 8, "latent_dim": 48}  # a kind that no other test tries
    for kind in (torch.float32, torch.float64):
        torch.set_default_dtype(kind)
        try:
            AdversarialTrainer(images, "mlp", device="cpu", **settings).step()
        finally:
            torch.set_default_dtype(torch.float32)
    assert tried == [torch.float32] * 5 + [torch.float64] * 5  # two and two to try, one to do


def test_a_number_that_somebody_has_chosen_stays_in_a_crowd_and_alone(images, three, room):
    trainer = AdversarialTrainer(images, "mlp", device="cpu")
    seen = set()
    trainer.discriminator.register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
    with threads.exactly(3):
        trainer.step()
    assert seen == {3}


def test_small_networks_take_one_thread_where_no_more_are_allowed(images, three, room, monkeypatch):
    monkeypatch.setenv("COURSE_THREADS", "1")
    trainer = AdversarialTrainer(images, "mlp", device="cpu")
    assert threads_in(trainer.discriminator, lambda: trainer.run(2, progress=False)) == {1}


@pytest.mark.parametrize("count", [2, 3])
def test_our_batch_norm_is_torchs_with_one_thread_to_the_last_bit(count):
    random = torch.Generator().manual_seed(0)
    x, g = torch.randn(2, 64, 256, generator=random)
    results = []
    for layer, n in ((torch.nn.BatchNorm1d(256), 1), (BatchNorm1d(256), count)):
        given = x.clone().requires_grad_()
        with threads.exactly(n):
            out = [layer(given) for _ in range(2)][-1]
            out.backward(g)
            assert torch.get_num_threads() == n
        layer.eval()
        seen = layer(given[:5])
        results.append([out, given.grad, layer.weight.grad, layer.bias.grad, seen, *layer.buffers()])
    for theirs, ours in zip(*results, strict=True):
        assert torch.equal(theirs, ours)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"affine": False}, (8, 16)),
        ({"momentum": None}, (8, 16)),
        ({"track_running_stats": False}, (8, 16)),
        ({}, (8, 16, 5)),
        ({}, (0, 16)),
        ({}, (1, 16)),
        ({}, (8, 17)),
        ({}, (8, 16, 5, 5)),
        ({}, (16,)),
    ],
    ids=str,
)
def test_our_batch_norm_does_and_refuses_whatever_torchs_does(settings, shape):
    """Small enough for torch to take one thread by itself."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    results = []
    for kind in (torch.nn.BatchNorm1d, BatchNorm1d):
        layer, given = kind(16, **settings), x.clone().requires_grad_()
        with threads.exactly(2):
            try:
                layer(given).sin().sum().backward()
                results.append([given.grad, *(p.grad for p in layer.parameters()), *layer.buffers()])
            except (ValueError, RuntimeError, IndexError) as error:
                results.append([type(error), str(error)])
    assert all(
        a == b if isinstance(a, type | str) else torch.equal(a, b) for a, b in zip(*results, strict=True)
    )


@pytest.fixture
def crowd(monkeypatch):
    """Says whether others compute."""
    others = {"compute": False}
    monkeypatch.setattr(threads.GnuPool, "left", lambda self, count: 1 if others["compute"] else count)
    return others


def transfer(features="embedded", size=64, **settings):
    pictures = [make(size) for make in list(sample_pictures().values())[:2]]
    return StyleTransfer(*pictures, features=features, size=size, device="cpu", **settings)


def test_style_transfer_is_large_and_leaves_the_cores_to_others_where_that_changes_no_bit(crowd, monkeypatch):
    monkeypatch.setenv("COURSE_THREADS", "2")
    runs = []
    for crowd["compute"] in (False, True):
        ours = transfer()
        ours.step()
        seen = threads_in(ours.features.network, ours.step)
        # all cores always, where bits differ on this machine
        assert seen == {1 if crowd["compute"] and ours.alike(1) else 2}
        runs.append(ours)
    alone, among_others = runs
    assert np.array_equal(alone.image, among_others.image)
    assert alone.history == among_others.history


def test_where_several_threads_round_otherwise_style_takes_them_in_a_crowd_too(crowd, three, monkeypatch):
    """The same run in a crowd and alone; here by a layer that says with how many threads it was asked."""

    class Rounds(torch.nn.ReLU):
        def forward(self, x):
            return super().forward(x) * (1 + 1e-6 * torch.get_num_threads())

    images = []
    for crowd["compute"] in (False, True):
        ours = transfer()
        ours.features.network[0].relu = Rounds()
        assert max(threads_in(ours.features.network, ours.step)) == 3
        ours.run(2, progress=False)
        images.append(ours.image)
    assert np.array_equal(*images)


class Backwards(torch.autograd.Function):
    """Nothing, but for a gradient that depends on how many compute."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (1 + 1e-6 * torch.get_num_threads())


@pytest.mark.parametrize("late", ["content", "style"])
def test_what_has_no_gradient_when_it_is_tried_rounds_no_other_way_later(late, crowd, three):
    """A picture that starts as its own content, and a style whose weight is set after the first step."""
    layers = {"content_layers": ["relu1"], "style_layers": ["relu1"], f"{late}_layers": ["fire2"]}
    images = []
    for crowd["compute"] in (False, True):
        ours = transfer(**layers, beta=20.0 if late == "content" else 0.0)
        ours.features.network[1].register_forward_hook(lambda *called: Backwards.apply(called[-1]))
        ours.step()
        ours.beta = 20.0
        ours.run(2, progress=False)
        images.append(ours.image)
    assert np.array_equal(*images)


def test_a_spectrums_picture_is_the_same_with_any_number_of_threads():
    """A sigmoid of an odd number of values: those at the end of each thread's part are computed one by one."""
    shape = 1, 3, 97, 131
    spectrum = PARAMETRISATIONS["spectrum"](torch.zeros(shape))
    for seed in range(10):
        z = spectrum.parameters(torch.rand(shape, generator=torch.Generator().manual_seed(seed)))
        pictures = []
        for count in (1, 2, 3):
            with threads.exactly(count):
                pictures.append(spectrum.picture(z))
        assert all(torch.equal(pictures[0], other) for other in pictures)


def test_a_transfer_tries_nothing_while_nobody_else_computes(crowd, three):
    ours, calls = transfer(), []
    ours.prepare()
    ours.features.network[0].register_forward_hook(lambda *_: calls.append(0))
    ours.run(2, progress=False)
    assert len(calls) == 2
    crowd["compute"] = True
    ours.run(2, progress=False)
    assert len(calls) == 6


def test_a_thread_of_python_that_begins_while_another_computes_with_several_takes_one(three, crowd):
    """Torch gives it the number of that moment, for ever. Rounding tells: sums of many pixels, and of squares."""
    settings = {"size": 512, "start": "style", "keep_colours": True, "features": load_features("embedded")}
    with threads.all_cores():  # as some earlier step did
        pass
    images, started, may = [transfer(**settings).image], threading.Event(), threading.Event()

    def beside():
        seen.append(torch.get_num_threads())
        started.set()
        may.wait()
        images.append(transfer(**settings).image)
        seen.append(torch.get_num_threads())

    seen, thread = [], threading.Thread(target=beside)
    with threads.all_cores():
        thread.start()
        started.wait()
    may.set()
    thread.join()
    assert seen == [3, 1]
    assert np.array_equal(*images)


def test_a_transfer_waits_for_no_other_ones_targets(crowd):
    """As a cached property of Python 3.11 does; a fork in the meantime would wait for ever."""
    one, other, begun, may = transfer(), transfer(), threading.Event(), threading.Event()
    one.features.network[0].register_forward_pre_hook(lambda *_: (begun.set(), may.wait(60)) and None)
    beside = [threading.Thread(target=each.prepare, daemon=True) for each in (one, other)]
    beside[0].start()
    begun.wait()
    beside[1].start()
    beside[1].join(20)
    waits = beside[1].is_alive()
    may.set()
    for thread in beside:
        thread.join()
    assert not waits


def test_trainers_that_are_made_at_once_have_the_weights_of_their_seeds_and_leave_the_global_generator(
    images,
):
    def weights(seed):
        made = AdversarialTrainer(images, "mlp", device="cpu", seed=seed)
        return torch.cat([p.detach().flatten() for p in made.generator.parameters()])

    alone = [weights(seed) for seed in range(2)]
    wrong, before = [], torch.random.get_rng_state()

    def make(seed):
        wrong.extend(seed for _ in range(30) if not torch.equal(weights(seed), alone[seed]))

    beside = [threading.Thread(target=make, args=(seed,)) for seed in range(2)]
    for do in (threading.Thread.start, threading.Thread.join):
        for thread in beside:
            do(thread)
    assert not wrong
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_is_decided_further_out_stays(three):
    with threads.decided(2):
        with threads.all_cores():
            assert torch.get_num_threads() == 2
        with threads.exactly(1), threads.all_cores():
            assert torch.get_num_threads() == 1
    with threads.all_cores():
        assert torch.get_num_threads() == 3


def test_what_is_set_already_stays(root, monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    code = "import course_utils, os; print(*(os.environ.get(f'{name}') for name in NAMES))".replace(
        "NAMES", "('GOMP_SPINCOUNT', 'KMP_BLOCKTIME', 'OMP_NUM_THREADS')"
    )
    told = "None" if threads.GnuPool.can_be_led() else "300"
    assert said(code, root) == [f"{told} 1 1"]
    assert said(code, root, GOMP_SPINCOUNT="7", OMP_NUM_THREADS="2") == ["7 1 2"]
    assert said(code, root, OMP_WAIT_POLICY="active") == ["None None 1"]
    # threads that the idle pool would need are forbidden: the environment tells, also where the other pools are told
    # already, as under `make lab`
    assert said(code, root, OMP_THREAD_LIMIT="2") == ["300 1 1"]
    assert said(code, root, OMP_THREAD_LIMIT="2", KMP_BLOCKTIME="1") == ["300 1 1"]


def test_a_torch_that_was_replaced_while_it_runs_stops_nobody(root):
    """Its copy of the pool is then a file that is no more."""
    code = """
import pathlib
from course_utils.threads import GnuPool
pathlib.Path.read_text = lambda _: "7f00-7f01 r-xp 0 08:01 7    /gone/torch/lib/libgomp.so.1 (deleted)"
print(GnuPool.libraries())
"""
    assert said(code, root) == ["()"]


FIRST = """
import os
os.sched_getaffinity = lambda _: range(PROCESSORS)
import torch, course_utils
from course_utils import threads
print(torch.get_num_threads())
with threads.all_cores():
    print(torch.get_num_threads())
print(threads.describe())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_torch_that_came_first_computes_with_one_thread_and_one_line_says_why(root):
    many = FIRST.replace("PROCESSORS", "100")  # too many for an idle pool
    outside, inside, line = said(many, root)
    assert (outside, inside) == ("1", "1")
    assert "torch was loaded before course_utils" in line
    assert "Import course_utils first" in line
    # where the environment says already how to wait, or the pool can be led, the order does not matter
    assert said(many, root, GOMP_SPINCOUNT="300", COURSE_THREADS="2")[:2] == ["1", "2"]
    if torch.backends.openmp.is_available():
        assert said(FIRST.replace("PROCESSORS", "2"), root)[:2] == ["1", "2"]


def process_threads(until: int = 0) -> int:
    """How many threads the system counts; it is asked until there are no more than these (they end by themselves)."""
    for _ in range(600 if until else 1):
        count = len(os.listdir("/proc/self/task"))
        if count <= until:
            break
        time.sleep(0.1 if until else 0)
    return count


@pytest.fixture
def led(monkeypatch):
    """A pool that is led, with a look at each call; and what it is told about this process, to be changed."""
    if not Path("/proc/self/task").is_dir() or not threads.GnuPool.libraries():
        pytest.skip("no GNU pool here")
    monkeypatch.setattr(threads.GnuPool, "can_be_led", staticmethod(lambda: True))
    told = {"at": 0, "ran": 0, "waited": 0, "busy": 0}
    pool = threads.GnuPool(lambda: threads.Load(**told))
    pool.PERIOD = 0.0

    def look(ran: int, waited: int, others: float = 0, room: int = 0, left: int = 0) -> bool | int:
        """Whether it then waits shortly; whether it has room for so many threads, or how many of so many are left."""
        told["at"] += 1000
        told["ran"] += ran
        told["waited"] += waited
        told["busy"] += ran + others
        if room or left:
            return pool.has_room(room) if room else pool.left(left)
        pool.look()
        return pool.waits_shortly

    yield look
    look(1000, 0)
    look(1000, 0)
    assert not pool.waits_shortly  # its threads have ended


def test_waits_are_short_while_others_compute_and_until_two_looks_found_nobody(led):
    before = process_threads()
    assert not led(1000, 10)  # since the process began it was alone
    assert process_threads() == before
    assert led(700, 300)  # a second process
    assert (
        process_threads() > before + threads.cores()
    )  # more than there are processors: the pool waits shortly
    assert led(1000, 10)  # one quiet look is none
    assert not led(1000, 10)
    assert process_threads(until=before) == before
    assert led(940, 60)
    assert led(1000, 10)
    assert not led(1000, 10)


def test_there_is_room_for_all_cores_while_others_have_but_a_bit_of_one(led):
    """One thread need not wait beside another process: the processors tell."""
    several = threads.cores()
    assert led(1000, 0, others=0, room=several)
    assert led(1000, 0, others=249, room=several)  # a quarter of one core
    assert not led(1000, 0, others=251, room=several)
    assert led(1000, 0, others=251, room=several - 1)
    assert not led(1000, 0, others=1000, room=several)
    assert led(1000, 0, others=1000, room=several - 1)
    assert not led(700, 300, others=0, room=several - 1)  # waits are short
    assert led(1000, 0)
    assert not led(1000, 0)
    assert not led(1000, 0, others=-100_000, room=1)  # a processor is gone, and what it had counted
    assert led(1000, 0, others=0, room=several)
    assert not led(1000, 0, others=float("nan"), room=1)  # nobody counts


def test_large_work_halves_its_threads_until_they_take_nobodys_turn(led, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 8)
    assert led(1000, 0, others=0, left=8) == 8
    assert led(1000, 0, others=499, left=8) == 8
    assert led(1000, 0, others=1000, left=8) == 4  # one core less: not one thread in all
    assert led(1000, 0, others=4000, left=8) == 4
    assert led(1000, 0, others=6000, left=8) == 2
    assert led(1000, 0, others=7900, left=8) == 1
    assert led(1000, 0, others=0, left=32) == 8  # more than there are processors
    assert led(1000, 0, others=float("nan"), left=8) == 8  # nobody counts
    assert (
        led(700, 300, others=0, left=8) == 4
    )  # they wait for each other, or for other threads of this process
    assert led(700, 300, others=0, left=1) == 1


def test_where_others_computed_from_the_beginning_waits_are_short_at_once(led):
    assert led(100, 100)


def test_where_the_system_does_not_count_waits_stay_short(led):
    assert all(led(0, 0) for _ in range(5))


def test_leading_changes_no_number(led, three):
    x = torch.randn(300, 300, generator=torch.Generator().manual_seed(0))
    results = []
    for ran, waited in ((500, 500), (1000, 0), (1000, 0), (500, 500)):
        led(ran, waited)
        with threads.all_cores():
            results.append(x @ x)
    assert all(torch.equal(results[0], other) for other in results)


def test_a_pool_that_is_told_how_to_wait_is_left_alone(root):
    """A process that is only begun, on a machine as it is, waits in one way or the other; told, never otherwise."""
    code = """
import course_utils, threading, torch
from course_utils.threads import all_cores
for _ in range(20):
    with all_cores():
        torch.randn(300, 300) @ torch.randn(300, 300)
print([thread.name for thread in threading.enumerate()])
"""
    assert said(code, root, OMP_WAIT_POLICY="passive", COURSE_THREADS="2") == ["['MainThread']"]
    (names,) = said(code, root, COURSE_THREADS="2")
    assert names in ("['MainThread']", "['MainThread', 'short waits']")


def test_the_number_is_back_after_an_error(three):
    @threads.all_cores()
    def fail():
        assert torch.get_num_threads() == 3
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == 1
    with threads.all_cores(large=False):
        assert torch.get_num_threads() == 1


def test_ctrl_c_while_the_number_changes_leaves_it_as_it_was(three, monkeypatch):
    change, calls = torch.set_num_threads, []

    def interrupted(count):
        change(count)
        calls.append(count)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(torch, "set_num_threads", interrupted)
    with pytest.raises(KeyboardInterrupt), threads.exactly(3):
        pass
    assert torch.get_num_threads() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_forked_computes_with_several_threads_and_so_does_its_child(root):
    """GNU's pool would wait in the child for threads that it does not have: for ever."""
    code = """
import os, signal, torch, course_utils
from course_utils.threads import exactly
x = torch.ones(300, 300)
with exactly(2):
    (x @ x).tanh()
child = os.fork()
if not child:
    signal.alarm(60)
with exactly(2):
    (x @ x).tanh()
if not child:
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert said(f"import course_utils\n{code}", root)[0] == "0"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_need_not_wait_for_a_thread_that_drew_in_its_parent(root):
    code = """
import course_utils, os, signal, threading, time
from course_utils.threads import own_draws
drawing = threading.Event()

def draw():
    with own_draws(0):
        drawing.set()
        time.sleep(0.3)

threading.Thread(target=draw).start()
drawing.wait()
child = os.fork()
if not child:
    signal.alarm(60)
with own_draws(0):
    pass
if not child:
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert said(code, root)[0] == "0"


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="this system does not count")
def test_processors_that_the_system_counts_by_other_names_count_for_nobody(monkeypatch):
    """As in a container that is shown processors of its own."""
    assert threads.Load.now().busy > 0
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 100_000})
    assert math.isnan(threads.Load.now().busy)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_are_those_that_the_process_may_use(root):
    code = """
import os
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from course_utils import threads
print(threads.cores(), threads.allowed(), threads.describe())
"""
    assert said(code, root) == ["1 1 1 core; small networks take 1 thread, large ones 1"]


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_is_refused_in_words(wrong, monkeypatch):
    monkeypatch.setenv("COURSE_THREADS", wrong)
    with pytest.raises(
        ValueError, match=f"^COURSE_THREADS is '{wrong}'; it must be a whole number of at least 1, or"
    ):
        threads.allowed()
