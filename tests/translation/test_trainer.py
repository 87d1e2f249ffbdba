"""The loop on two translators: each term, resumed to the bit; it finds known maps, and refuses what does not fit."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from course_utils import runtime, translation
from course_utils.translation import CycleTrainer, ReplayPool, as_seen, cycle_loss, load_translation

SMALL = {"widths": (16,), "critic_widths": (16,), "batch_size": 8, "pool": 12}


def trainer(domains, recipe="cycle", **settings):
    return CycleTrainer(domains, recipe, device="cpu", **(SMALL | settings))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.Tanh())

    def forward(self, x):
        return self.layer(x)


def test_the_pool_is_walked_sample_by_sample():
    pool, random, old = ReplayPool(12, torch.Generator().manual_seed(3)), torch.Generator().manual_seed(3), []
    for made in torch.arange(56.0).view(7, 8, 1):
        coins, shown = torch.rand(8, generator=random), []
        places = torch.randint(12, (8,), generator=random)
        for sample, coin, place in zip(made, coins, places, strict=True):
            full = len(old) == 12
            shown.append(old[place] if full and coin >= 0.5 else sample)
            if not full:
                old.append(sample)
            elif coin >= 0.5:
                old[place] = sample
        assert torch.equal(pool.swap(made), torch.stack(shown))


def test_the_pool_keeps_some_and_shows_old_ones():
    pool = ReplayPool(4, torch.Generator().manual_seed(0))
    stream = torch.arange(400.0).view(100, 4)[:, :, None]
    shown = [pool.swap(batch) for batch in stream]
    assert torch.equal(shown[0], stream[0])
    old = torch.cat([each < batch.min() for each, batch in zip(shown[1:], stream[1:], strict=True)])
    assert 0.4 < old.float().mean() < 0.6
    everything = torch.cat([*shown, pool.kept]).flatten()
    counts = torch.bincount(everything.long(), minlength=400)
    assert counts.min() >= 1  # what is made is shown, or still kept: nothing is lost
    assert torch.cat(shown).unique().numel() > 380
    assert torch.equal(ReplayPool(0, torch.Generator()).swap(stream[0]), stream[0])


def test_it_resumes_to_the_bit_with_its_pools(inverted, resumed):
    whole, again = resumed(partial(trainer, inverted), 9, 5)
    for side in ("x", "y"):
        assert torch.equal(whole.pools[side].kept, again.pools[side].kept)


def test_a_linear_map_is_found_up_to_what_nobody_can_see(linear):
    """Gaussians: every G with G C_x G' = C_y is right, and F is its inverse. The known map is one; another is found."""
    settings = {
        "widths": (), "critic_widths": (32, 32), "batch_size": 128, "pool": 0, "decay_steps": 700, "cycle_weight": 1.0,
        "generators_learning_rate": 1e-2, "critics_learning_rate": 5e-3,
    }  # fmt: skip
    c_x, c_y = (np.cov(side.numpy().T) for side in (linear.x, linear.y))
    run = CycleTrainer(linear, "cycle-points", device="cpu", **settings).run(700, progress=False)
    g, f = (next(net.parameters()).detach().numpy() for net in (run.forward_map, run.backward_map))
    assert f @ g == pytest.approx(np.eye(2), abs=0.05)
    start = next(CycleTrainer(linear, "cycle-points", device="cpu", **settings).forward_map.parameters())
    before, after = (np.abs(each @ c_x @ each.T - c_y).max() for each in (start.detach().numpy(), g))
    assert after < 0.4 < before
    known = linear.known(torch.eye(2)).T.numpy()
    assert known @ c_x @ known.T == pytest.approx(c_y, abs=0.1)
    assert np.abs(g - known).max() > 0.5


def test_the_cycle_does_not_see_a_relabelling(inverted):
    """(h o G, F o h^-1) has the cycle of (G, F) in x, for every bijection h that takes y to itself: shuffled pixels."""
    run = trainer(inverted)
    g, f = run.forward_map, run.backward_map
    x, y = (as_seen(side[:20]).double() for side in (inverted.x, inverted.y))
    g, f = g.double(), f.double()
    order = torch.randperm(784, generator=torch.Generator().manual_seed(0))

    def h(y):
        return y.flatten(1)[:, order].view_as(y)

    def h_back(y):
        return y.flatten(1)[:, order.argsort()].view_as(y)

    there = cycle_loss(lambda x: h(g(x)), lambda y: f(h_back(y)), x, h(y))
    assert there.item() == pytest.approx(cycle_loss(g, f, x, y).item())
    assert cycle_loss(f, g, y, x).item() == pytest.approx(cycle_loss(g, f, x, y).item())


def test_the_cycle_of_two_scalars_is_known():
    """G(x) = a x, F(y) = b y: E|ab x - x| = |ab - 1| E|x|."""
    x, y = torch.randn(2, 50, 1, generator=torch.Generator().manual_seed(0)).double()
    value = cycle_loss(lambda x: 3 * x, lambda y: -0.5 * y, x, y)
    assert value.item() == pytest.approx(2.5 * (x.abs().mean() + y.abs().mean()).item())


@pytest.mark.parametrize(
    ("recipe", "settings", "measured"),
    [
        ("cycle", {}, set()),
        ("cycle-identity", {}, {"identity"}),
        ("cycle", {"transport_weight": 1.0, "constancy_weight": 1.0}, {"transport", "constancy"}),
        ("dtn", {}, {"identity", "constancy"}),
        ("cycle-conv", {"widths": (4, 4), "critic_widths": (4,)}, set()),
        ("cycle", {"ema": 0.9, "game": "three-class"}, set()),
    ],
)
def test_each_term_is_measured_where_it_counts(inverted, recipe, settings, measured):
    run = trainer(inverted, recipe, **settings, encoder=Encoder()).run(3, progress=False)
    assert set(run.history) - {"adversarial", "critic_loss", "cycle"} == measured
    x, _ = inverted.held_out()
    assert run.forward_map(x[:2]).shape == (2, 1, 28, 28)


def test_the_game_of_three_classes_starts_at_its_known_value(inverted):
    """With logits of 0 every class has a third: 3 log 3 for each critic, 2 log 3 for each translator."""
    run = trainer(inverted, game="three-class")
    with torch.no_grad():
        for weight in run.critics.parameters():
            weight.zero_()
    run.step()
    assert run.history["critic_loss"][0] == pytest.approx(6 * np.log(3), rel=1e-5)
    assert run.history["adversarial"][0] == pytest.approx(4 * np.log(3), rel=1e-5)


@pytest.mark.parametrize("game", ["lsgan", "three-class"])
def test_every_term_goes_into_the_step_with_its_weight(inverted, game):
    """One plain gradient step of both pairs, each term written out (Zhu et al.; Taigman et al., eq. 3 to 6)."""
    weights = {"gan": 0.7, "cycle": 4.0, "identity": 2.0, "constancy": 3.0, "transport": 0.5}
    settings = {f"{name}_weight": weight for name, weight in weights.items()} | {"encoder": Encoder()}
    rates = {"optimizer": "sgd", "generators_learning_rate": 0.1, "critics_learning_rate": 0.1}
    run, twin = (trainer(inverted, game=game, **settings, **rates) for _ in range(2))
    x, y = twin.batch()
    g, f, see = twin.generators["G"], twin.generators["F"], settings["encoder"]
    made = {"y": g(x), "x": f(y)}
    same = {"y": g(y), "x": f(x)}
    real = {"y": y, "x": x}

    def says(side, samples, kind):  # -log of a class's probability; of one score the distance from 0 or 1
        scores = twin.critics[side](samples)
        if game == "three-class":
            return -scores.log_softmax(1)[:, kind].mean()
        return (scores - float(kind == 2)).square().mean()

    three = game == "three-class"
    fooled = sum(says(side, made[side], 2) + (says(side, same[side], 2) if three else 0) for side in "yx")
    terms = {
        "gan": fooled,
        "cycle": (f(made["y"]) - x).abs().mean() + (g(made["x"]) - y).abs().mean(),
        "identity": (same["y"] - y).abs().mean() + (same["x"] - x).abs().mean(),
        "constancy": (see(made["y"]) - see(x)).square().mean(),
        "transport": (made["y"] - x).square().mean() + (made["x"] - y).square().mean(),
    }
    judged = sum(
        says(side, made[side].detach(), 0)
        + says(side, real[side], 2)
        + (says(side, same[side].detach(), 1) if three else 0)
        for side in "yx"
    )
    judged = judged if three else judged / 2
    total = sum(weights[name] * term for name, term in terms.items())
    expected = []
    for network, loss in ((twin.generators, total), (twin.critics, judged)):
        slopes = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
        expected += [weight - 0.1 * slope for weight, slope in zip(network.parameters(), slopes, strict=True)]
    run.step()
    found = itertools.chain(run.generators.parameters(), run.critics.parameters())
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, expected, strict=True))
    measured = {name: values[0] for name, values in run.history.items()}
    assert measured.pop("critic_loss") == pytest.approx(judged.item(), rel=1e-5)
    terms["adversarial"] = terms.pop("gan")
    assert measured == pytest.approx({name: term.item() for name, term in terms.items()}, rel=1e-5)


def test_what_translates_is_the_average_where_there_is_one(inverted):
    run, twin = trainer(inverted, ema=0.9), trainer(inverted)
    before = [weight.clone() for weight in twin.generators.parameters()]
    run.step()
    twin.step()
    after = twin.generators.parameters()
    found = itertools.chain(run.forward_map.parameters(), run.backward_map.parameters())
    for mine, old, new in zip(found, before, after, strict=True):  # the decay of the first step is 2 / 11
        assert torch.allclose(mine, old * 2 / 11 + new * 9 / 11, atol=1e-7)


@pytest.mark.parametrize("both", [False, True])
def test_the_given_encoder_is_the_body_of_a_network_of_white_digits(inverted, both):
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 6), nn.ReLU(), nn.Linear(6, 10))
    f, (x, inverse) = translation.GivenEncoder(network, inverted, both=both), inverted.held_out()
    body = network[:-1]((x + 1) / 2)
    assert torch.allclose(f(x), body / body.square().mean().sqrt(), atol=1e-5)
    assert torch.allclose(f(inverse), f(x), atol=1e-5) == both


def test_the_given_encoder_stays_as_it_is_and_is_not_saved(inverted):
    f = Encoder()
    before = [weight.clone() for weight in f.parameters()]
    run = trainer(inverted, "dtn", encoder=f).run(3, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(before, f.parameters(), strict=True))
    assert not any("given" in name or "layer" in name for name in run.state_dict()["generators"])
    x = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 0.5
    seen = f.layer[1].weight.detach()
    unseen = torch.randn(784, generator=torch.Generator().manual_seed(1))
    unseen = (unseen - torch.linalg.pinv(seen) @ (seen @ unseen)).view_as(x)
    # of what f does not see
    assert torch.allclose(run.forward_map(x), run.forward_map(x + unseen), atol=1e-4)
    assert not torch.allclose(run.backward_map(x), run.backward_map(x + unseen), atol=1e-2)


def test_an_encoder_with_batch_norm_is_read_in_evaluation_mode(inverted):
    f = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.BatchNorm1d(5))
    before = {name: value.clone() for name, value in f.state_dict().items()}
    trainer(inverted, "dtn", encoder=f).run(2, progress=False)
    assert all(torch.equal(value, before[name]) for name, value in f.state_dict().items())


def test_a_state_that_needs_an_encoder_is_refused_without_one(inverted):
    state = trainer(inverted, constancy_weight=1.0, encoder=Encoder()).state_dict()
    blind = trainer(inverted)
    with pytest.raises(ValueError, match="encoder is None"):
        blind.load_state_dict(state)
    assert blind.recipe.constancy_weight == 0


def test_a_saved_translation_comes_back_as_it_was(inverted, tmp_path):
    run = trainer(inverted).run(2, progress=False)
    path = translation.save_translation(run, tmp_path / "new" / "mine.safetensors")
    loaded = load_translation(path, "cpu")
    x, y = inverted.held_out()
    assert loaded.steps == 2
    assert torch.allclose(run.forward_map(x), loaded.forward_map(x), atol=2e-2)  # half precision
    assert torch.allclose(run.backward_map(y), loaded.backward_map(y), atol=2e-2)
    assert not any(p.requires_grad for p in loaded.forward_map.parameters())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda d, c: CycleTrainer(d, "cycle2"), "one of cycle, cycle-identity"),
        (lambda d, c: CycleTrainer("cycle", d), "domains is 'cycle'"),
        (lambda d, c: trainer(d, widths=()) and trainer(d, widths=(0,)), r"widths\[0\] is 0"),
        (lambda d, c: trainer(d, cycle_weight=0, gan_weight=0), "both 0"),
        (lambda d, c: trainer(d, cycle=1), "no setting 'cycle'"),
        (lambda d, c: trainer(d, "dtn"), "encoder is None"),
        (lambda d, c: trainer(d, encoder="f"), "encoder is 'f'"),
        (lambda d, c: trainer(c, "cycle-identity"), "identity_weight feed"),
        (lambda d, c: trainer(c).change(transport_weight=1), "transport_weight feed"),
        (lambda d, c: trainer(d).change(widths=(4,)), "make a new trainer"),
        (lambda d, c: trainer(translation.clouds(n=8), "cycle-conv"), "these domains hold points"),
        (lambda d, c: trainer(d).forward_map(torch.zeros(1, 784)), r"x has the shape \(1, 784\)"),
        (lambda d, c: translation.save_translation(trainer(d).forward_map, "x"), "trainer is"),
        (
            lambda d, c: translation.save_translation(trainer(d, "dtn", encoder=Encoder()), "x"),
            "given encoder",
        ),
        (lambda d, c: load_translation("README.md.safetensors"), "there is no file"),
        (lambda d, c: translation.mark(1, 2, d), "forward_map is 1"),
    ],
)
def test_bad_input_is_refused_in_words(inverted, coloured, make, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        make(inverted, coloured)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"save_translation\(trainer, path\) did not write it"):
        load_translation(runtime.shipped("checkpoints/vae-2.safetensors"))
    for network in (
        {},
        {"network": "{"},
        {"network": "[1]"},
        {"network": '{"architecture": "mlp", "widths": []}'},
    ):
        header = {"format": "course_utils.translation", "version": "1", "steps": "1", **network}
        save_file({"a": torch.zeros(1)}, tmp_path / "b.safetensors", header)
        with pytest.raises(
            ValueError, match="does not (hold the network that its header names|say which network it holds)"
        ):
            load_translation(tmp_path / "b.safetensors")
