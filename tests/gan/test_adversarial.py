"""One step of the loop is the lectures' algorithm; and what a step must not do."""

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.penalties import gradient_norms
from course_utils.gan.recipes import RECIPES, Recipe


class Plane(AdversarialLoop):
    """Real samples on a circle."""

    def real_batch(self):
        angle = 2 * np.pi * torch.rand(self.recipe.batch_size, 1, generator=self.random, device=self.device)
        return torch.cat([angle.cos(), angle.sin()], dim=1)


POINTS = Recipe(
    "points",
    architecture="points",
    latent_dim=2,
    generator_widths=(8,),
    discriminator_widths=(8,),
    batch_size=16,
)


# ---------------------------------------------------------------- the algorithm, written out


def penalty_by_loops(critic, x, fake, t, one_sided):
    total = 0.0
    for i in range(len(x)):
        point = (t[i] * x[i] + (1 - t[i]) * fake[i])[None].requires_grad_()
        (slope,) = torch.autograd.grad(critic(point).squeeze(), point, create_graph=True)
        excess = slope.square().sum().sqrt() - 1
        if not one_sided or excess > 0:
            total = total + excess**2
    return total / len(x)


def discriminator_step(plain):
    """Every sum and every pass on its own, with the plain formulas; the gradient penalty sample by sample."""
    recipe, G, D = plain.recipe, plain.generator, plain.discriminator
    x, z = plain.real_batch(), plain.latent_batch()
    fake = G(z).detach()
    if recipe.objective == "wasserstein":
        loss = D(fake).mean() - D(x).mean()
    elif recipe.objective == "relativistic":
        loss = -torch.log(torch.sigmoid(D(x) - D(fake))).mean()
    else:
        loss = -(torch.log(torch.sigmoid(D(x))).mean() + torch.log(1 - torch.sigmoid(D(fake))).mean())
    if recipe.penalty in ("gp", "lp"):
        t = plain.mixing_batch()
        loss = loss + recipe.penalty_weight * penalty_by_loops(D, x, fake, t, recipe.penalty == "lp")
    for points in {"r1": [x], "r2": [fake], "r1+r2": [x, fake]}.get(recipe.penalty, []):
        for i in range(len(points)):
            point = points[i : i + 1].clone().requires_grad_()
            (slope,) = torch.autograd.grad(D(point).squeeze(), point, create_graph=True)
            loss = loss + recipe.penalty_weight / 2 * slope.square().sum() / len(points)
    plain.discriminator_optimizer.zero_grad()
    loss.backward()
    plain.discriminator_optimizer.step()
    if recipe.penalty == "clip":
        with torch.no_grad():
            for parameter in D.parameters():
                parameter.clamp_(-recipe.clip, recipe.clip)


def generator_step(plain):
    recipe, G, D = plain.recipe, plain.generator, plain.discriminator
    scores = D(G(plain.latent_batch()))
    loss = {
        "wasserstein": lambda: -scores.mean(),
        "minimax": lambda: torch.log(1 - torch.sigmoid(scores)).mean(),
        "non-saturating": lambda: -logsigmoid(scores).mean(),
        "relativistic": lambda: -torch.log(torch.sigmoid(scores - D(plain.real_batch()).detach())).mean(),
    }[recipe.objective]()
    plain.generator_optimizer.zero_grad()
    loss.backward()
    plain.generator_optimizer.step()


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("mlp", {"objective": "minimax"}),
        ("mlp", {"objective": "non-saturating", "generator_steps": 2}),
        ("mlp", {"minibatch_statistics": "stddev"}),
        ("mlp", {"minibatch_statistics": "discrimination"}),
        ("mlp", {"optimizer": "sgd"}),
        ("mlp", {"optimizer": "optimistic-sgd"}),
        ("mlp", {"objective": "wasserstein", "penalty": "gp"}),
        ("mlp", {"objective": "wasserstein", "penalty": "lp", "penalty_weight": 50.0}),
        ("dcgan", {"discriminator_steps": 2}),
        ("wgan-clip", {}),
        ("wgan-gp", {}),
        ("wgan-lp", {"penalty_weight": 50.0}),
        ("wgan-gp-optimistic", {"discriminator_steps": 2}),
        ("dcgan", {"penalty": "r1", "batch_norm_in_discriminator": False}),
        ("mlp", {"penalty": "r2", "objective": "minimax"}),
        ("r3gan", {}),
    ],
)
def test_the_trainer_is_the_lectures_algorithm_written_out(recipe, settings, small, assert_same):
    """The joint forward passes, the frozen discriminator and the batched penalty change nothing but the speed."""
    fast, plain = (small(recipe, ema=0.0, **settings) for _ in range(2))
    if fast.recipe.penalty == "lp":  # half of the slopes above one, where a one-sided penalty acts
        norms = gradient_norms(fast.discriminator, torch.rand(50, 1, 28, 28) * 2 - 1)
        for trainer in (fast, plain):
            with torch.no_grad():
                trainer.discriminator.layers[-1].weight.div_(norms.median())
    fast.run(4, progress=False)
    for _ in range(4):
        for _ in range(plain.recipe.discriminator_steps):
            discriminator_step(plain)
        for _ in range(plain.recipe.generator_steps):
            plain.generator_optimizer.zero_grad()
            generator_step(plain)
    assert_same(fast, plain, atol=1e-7)  # steps are of size 1e-3


@pytest.mark.usefixtures("double_precision")
def test_points_of_the_plane_play_by_the_same_rules(assert_same):
    fast, plain = (Plane(POINTS, device="cpu") for _ in range(2))
    fast.run(5, progress=False)
    for _ in range(5):
        discriminator_step(plain)
        generator_step(plain)
    assert_same(fast, plain, atol=1e-9)
    assert fast.sample(7).shape == (7, 2)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-gp"])
def test_a_step_reports_the_verdicts_on_each_minibatch_alone(recipe, small):
    """However many passes the step makes over real and generated samples."""
    trainer, twin = small(recipe), small(recipe)
    real = twin.real_batch()
    fake = twin.generator(twin.latent_batch())
    said = twin.discriminator(real), twin.discriminator(fake)
    if recipe != "wgan-gp":
        said = map(torch.sigmoid, said)
    _, d_real, d_fake, slope = trainer.discriminator_step()
    assert [d_real.item(), d_fake.item()] == pytest.approx(
        [verdict.mean().item() for verdict in said], abs=1e-12
    )
    assert slope.isfinite() == (recipe == "wgan-gp")


@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-gp"])
def test_each_players_step_moves_only_that_player(recipe, small, weights):
    trainer = small(recipe, ema=0.0)

    def moved_by(step):
        before = weights(trainer)
        step()
        learned = {f"{p[0].upper()}.{n}" for p in ("generator", "discriminator") for n, _ in getattr(trainer, p).named_parameters()}  # fmt: skip  # noqa: E501
        after = weights(trainer)
        return {name[0] for name in learned if not torch.equal(before[name], after[name])}

    assert moved_by(trainer.discriminator_step) == {"D"}
    assert moved_by(trainer.generator_step) == {"G"}
    # a common bug: gradients of the generator's loss that stay behind in D and join its next step
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())


def test_the_discriminators_gradient_does_not_reach_the_generator(small):
    trainer = small()
    trainer.discriminator_step()
    assert all(parameter.grad is None for parameter in trainer.generator.parameters())


def test_k_discriminator_steps_and_several_of_the_generator(small):
    trainer, counted = small(discriminator_steps=3, generator_steps=2), []
    for name in ("discriminator_step", "generator_step"):
        original = getattr(trainer, name)
        setattr(trainer, name, lambda original=original, name=name: counted.append(name[0]) or original())
    trainer.run(2, progress=False)
    assert "".join(counted) == "dddggdddgg"


def test_weights_stay_clipped(small):
    trainer = small("wgan-clip", discriminator_learning_rate=0.1).run(3, progress=False)
    largest = max(parameter.abs().max().item() for parameter in trainer.discriminator.parameters())
    assert largest == pytest.approx(0.01)


# ---------------------------------------------------------------- settings that act at every step


def test_rates_fall_in_a_straight_line_to_zero(small, weights):
    trainer, rates = small(decay_steps=4, discriminator_learning_rate=0.5), []
    for step in trainer.steps(6):
        rates.append([o.param_groups[0]["lr"] for o in (trainer.generator_optimizer, trainer.discriminator_optimizer)])  # fmt: skip  # noqa: E501
        if step == 4:
            still = {name: value for name, value in weights(trainer).items() if name.startswith("D")}
    assert np.allclose(rates, np.outer([1, 0.75, 0.5, 0.25, 0, 0], [1e-3, 0.5]))
    assert all(torch.equal(value, weights(trainer)[name]) for name, value in still.items())


@pytest.mark.parametrize("value", [-1.0, 0.25])
def test_instance_noise_is_what_the_discriminator_sees(value, small):
    """On constant pictures, real and generated ones, so that all that varies is the noise."""
    for noise in (0.5, 0.0):
        trainer, seen = small(instance_noise=noise, batch_size=64), []
        trainer.real_batch = lambda: torch.full((64, 1, 28, 28), value)
        trainer.generator.register_forward_hook(lambda module, inputs, made: 0 * made + value)
        trainer.discriminator.register_forward_pre_hook(
            lambda module, inputs, seen=seen: seen.append(inputs[0])
        )
        trainer.step()
        seen = torch.cat(seen)
        assert seen.shape == (3 * 64, 1, 28, 28)  # D's step looks at both minibatches, G's at its own
        for batch in (seen - value).chunk(3):
            assert abs(batch.mean().item()) <= 0.04 * noise
            assert batch.std().item() == pytest.approx(noise, rel=0.02)
        if noise:
            assert not torch.equal(*(seen - value).chunk(3)[:2])  # each has noise of its own


@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-gp"])
def test_mixed_precision_stays_close_to_full_precision(recipe, small, weights):
    """bfloat16 has 8 bits of mantissa: one part in 256 for every number, more for sums of them."""
    full, mixed = small(recipe, optimizer="sgd"), small(recipe, optimizer="sgd", precision="bfloat16")
    start = weights(full)
    for trainer in (full, mixed):
        trainer.run(10, progress=False)
    assert weights(full).keys() == weights(mixed).keys()
    assert all(value.dtype != torch.bfloat16 for value in weights(mixed).values())
    moved = torch.cat([(weights(full)[n] - start[n]).flatten().double() for n in start if "num" not in n])
    apart = torch.cat([(weights(mixed)[n] - weights(full)[n]).flatten().double() for n in start if "num" not in n])  # fmt: skip  # noqa: E501
    assert 0 < apart.norm() < 0.1 * moved.norm()
    assert np.allclose(full.history["discriminator_loss"], mixed.history["discriminator_loss"], rtol=0.05)


# ---------------------------------------------------------------- other settings on the way


def test_a_change_acts_from_the_next_step_on_and_keeps_what_the_optimizer_remembers(small, assert_same):
    changed, other = small(), small(generator_learning_rate=1e-2, betas=(0.9, 0.99))
    changed.change(generator_learning_rate=1e-2, betas=(0.9, 0.99))
    assert_same(changed.run(3, progress=False), other.run(3, progress=False))
    remembered = changed.generator_optimizer.state_dict()["state"][0]["exp_avg"].clone()
    changed.change(betas=(0.0, 0.9), batch_size=4, instance_noise=0.1)
    assert torch.equal(changed.generator_optimizer.state_dict()["state"][0]["exp_avg"], remembered)
    assert changed.generator_optimizer.param_groups[0]["betas"] == (0.0, 0.9)
    changed.run(1, progress=False)
    assert changed.real_batch().shape[0] == 4
    assert len(changed.log) == 4


def test_another_optimizer_starts_afresh(small):
    trainer = small().run(2, progress=False)
    trainer.change(optimizer="rmsprop")
    assert isinstance(trainer.generator_optimizer, torch.optim.RMSprop)
    assert not trainer.generator_optimizer.state_dict()["state"]
    trainer.run(2, progress=False)


def test_an_average_can_be_switched_on_and_off(small):
    trainer = small().run(2, progress=False)
    assert trainer.average is None
    trainer.change(ema=0.9)
    assert all(torch.equal(a, b) for a, b in zip(trainer.average.module.parameters(), trainer.generator.parameters(), strict=True))  # fmt: skip  # noqa: E501
    trainer.run(2, progress=False)
    trainer.change(ema=0.0)
    assert trainer.average is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_dim": 4}, "you ask for latent_dim 4, but the networks of this trainer have 8: make a new"),
        ({"generator_widths": (8,)}, "generator_widths"),
        ({"minibatch_statistics": "stddev"}, "minibatch_statistics"),
        ({"architecture": "dcgan"}, "2 or 3 layers of maps"),
        ({"learning_rate": 0.1}, "no setting 'learning_rate'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"optimizer": "sgd", "betas": (2, 0)}, "betas"),
    ],
)
def test_a_change_that_cannot_be_leaves_all_as_it_was(settings, message, small):
    trainer = small()
    recipe, optimizer = trainer.recipe, trainer.generator_optimizer
    with pytest.raises(ValueError, match=message):
        trainer.change(**settings)
    assert trainer.recipe is recipe
    assert trainer.generator_optimizer is optimizer


# ---------------------------------------------------------------- no waiting inside a step


class NoWaiting(TorchDispatchMode):
    """Fails where Python asks for a number, or where a shape depends on one: both make a GPU wait."""

    WAITING = ("aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal", "aten::nonzero")

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        name = operation.name().split(".")[0]
        assert name not in self.WAITING, f"a step must not wait for the device, but it called {name}"
        return operation(*arguments, **(named or {}))


@pytest.mark.parametrize("name", RECIPES)
def test_no_step_waits_for_the_device(name, small):
    trainer = small(name, decay_steps=100)
    trainer.step()
    with NoWaiting():
        for _ in range(3):
            trainer.step()
    assert len(trainer.history["d_real"]) == 4


def test_waiting_would_be_noticed(small):
    trainer = small()
    trainer.step()
    original = trainer.generator_step
    trainer.generator_step = lambda: torch.tensor(original().item())
    with NoWaiting(), pytest.raises(AssertionError, match="_local_scalar_dense"):
        trainer.step()
