"""Many tensors at once: torch's own kernels and the plain loop give the same numbers, bit for bit."""

import pytest
import torch

from course_utils.foreach import foreach


def tensors(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(shape, generator=generator) + 0.1 for shape in ((3,), (2, 5), ())]


CALLS = {
    "neg": (),
    "add": (tensors(1),),
    "add_": (0.3,),
    "mul_": (0.9,),
    "copy_": (tensors(1),),
    "lerp_": (tensors(1), 0.25),
    "addcmul_": (tensors(1), tensors(2)),
    "div": ([0.5, 2.0, 3.0],),
    "div_": (tensors(1),),
    "sqrt_": (),
    "clamp_min_": (0.4,),
    "clamp_max_": (0.6,),
    "norm": (),
}


@pytest.mark.parametrize("method", CALLS)
def test_the_loop_gives_the_numbers_of_torchs_kernels(method, monkeypatch):
    together, alone = tensors(0), tensors(0)
    given = foreach(method, together, *CALLS[method])
    monkeypatch.delattr(torch, f"_foreach_{method}")
    for ours, theirs in zip(foreach(method, alone, *CALLS[method]), given, strict=True):
        assert torch.equal(ours, theirs)
    for ours, theirs in zip(alone, together, strict=True):  # in place or not, alike
        assert torch.equal(ours, theirs)


def test_settings_reach_every_tensor():
    moved = foreach("add", tensors(0), tensors(1), alpha=-0.5)
    for there, here, step in zip(moved, tensors(0), tensors(1), strict=True):
        torch.testing.assert_close(there, here - 0.5 * step)


def test_nobody_else_calls_the_private_kernels(root):
    callers = {path.name for path in (root / "course_utils").rglob("*.py") if "_foreach_" in path.read_text()}
    assert callers == {"foreach.py"}
