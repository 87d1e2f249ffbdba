"""Generators and discriminators that are told the digit: formulas, pairs that belong together, and clear refusals."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import nn

from course_utils.datasets import Images
from course_utils.gan import AdversarialTrainer, PointTrainer, get_recipe, load_generator
from course_utils.gan.conditional import (
    ATTRIBUTES,
    ConcatenationDiscriminator,
    ConditionalGenerator,
    ProjectionDiscriminator,
    conditions_of,
    style_directions,
)
from course_utils.gan.networks import DCGANDiscriminator, MLPDiscriminator
from course_utils.gan.pretrained import save_generator
from course_utils.gan.trainer import POINTS
from course_utils.toy import ring

KINDS = ("cgan", "cgan-concat", "cgan-attributes")


def one_hot(labels):
    return torch.eye(10)[torch.as_tensor(labels)]


# ---------------------------------------------------------------- what the networks compute


@pytest.mark.parametrize(
    "discriminator", [MLPDiscriminator((6, 5)), DCGANDiscriminator((3, 4), batch_norm=False)]
)
def test_projection_is_the_old_score_plus_a_product_with_the_digits_vector(discriminator):
    told = ProjectionDiscriminator(discriminator, 10)
    x, labels = torch.randn(7, 1, 28, 28), [0, 3, 3, 9, 1, 2, 8]
    features = nn.Sequential(*list(discriminator.layers)[:-1])(x)
    vectors = told.embedding.weight.T.tolist()
    by_hand = [
        discriminator(picture[None]).item() + sum(v * f for v, f in zip(vectors[k], row, strict=True))
        for picture, k, row in zip(x, labels, features.tolist(), strict=True)
    ]
    assert told(x, one_hot(labels)).tolist() == pytest.approx(by_hand, abs=1e-4)


def test_digits_by_other_names_are_the_same_game():
    told, x = ProjectionDiscriminator(MLPDiscriminator((6,)), 10), torch.randn(10, 1, 28, 28)
    before, other = told(x, torch.eye(10)), torch.randperm(10)
    with torch.no_grad():
        told.embedding.weight.copy_(told.embedding.weight[:, other])
    assert torch.allclose(told(x, torch.eye(10)[:, other]), before, atol=1e-5)


def test_concatenation_lays_constant_maps_or_numbers_beside_the_picture():
    x, c = torch.randn(4, 1, 28, 28), one_hot([1, 0, 9, 1])
    for inner in (DCGANDiscriminator((3, 4), batch_norm=False, extra=10), MLPDiscriminator((6,), extra=10)):
        seen = []
        inner.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(given[0]))
        assert ConcatenationDiscriminator(inner, 10)(x, c).shape == (4,)
        (beside,) = seen
        if isinstance(inner, MLPDiscriminator):
            assert torch.equal(beside, torch.hstack([x.reshape(4, 784), c]))
        else:
            assert torch.equal(beside[:, :1], x)
            assert torch.equal(beside[:, 1:].amin((2, 3)), c)
            assert torch.equal(beside[:, 1:].amax((2, 3)), c)


def test_conditions_are_one_hot_digits_and_scaled_attributes():
    generator = ConditionalGenerator(nn.Linear(14, 3), ("ink", "slant"))
    about = ATTRIBUTES["ink"]
    c = generator.conditions([3, 0], ink=[about.middle, about.middle - 2 * about.spread])
    assert c.tolist() == [[*one_hot(3).tolist(), 0, 0], [*one_hot(0).tolist(), pytest.approx(-2), 0]]
    assert generator(torch.zeros(2, 2), c).shape == (2, 3)
    with pytest.raises(
        ValueError, match=r"c has shape \(2, 10\); .* of 2 pictures, shape \(2, 12\), as conditions"
    ):
        generator(torch.zeros(2, 2), c[:, :10])


def test_attributes_are_measured_once_and_again_where_somebody_has_written(monkeypatch):
    ink, calls = ATTRIBUTES["ink"], []
    counted = replace(ink, measure=lambda *given: calls.append(given) or ink.measure(*given))
    monkeypatch.setitem(ATTRIBUTES, "ink", counted)
    pixels = np.random.default_rng(0).integers(0, 256, (12, 28, 28)).astype(np.uint8)
    images, every_other = (Images(p, np.arange(len(p)) % 10, "noise") for p in (pixels, pixels[::2]))
    first = conditions_of(images, ("ink", "slant"))
    assert torch.equal(conditions_of(images, ("slant", "ink")), first[:, [*range(10), 11, 10]])
    assert len(calls) == 1
    assert torch.equal(conditions_of(every_other, ("ink",))[:, 10], first[::2, 10])
    pixels[3] = 0
    again = conditions_of(images, ("ink", "slant"))
    assert again[3, 10] == pytest.approx(-ink.middle / ink.spread)
    assert torch.equal(again[4:], first[4:])


# ---------------------------------------------------------------- training


def test_every_picture_comes_with_its_own_conditions(images, small):
    trainer = small("cgan-attributes", batch_size=64)
    x, c = trainer.real_pairs()
    known = {p.tobytes(): label for p, label in zip(images.pixels, images.labels, strict=True)}
    pixels = ((x + 1) * 127.5).round().to(torch.uint8).numpy()[:, 0]
    assert c[:, :10].argmax(1).tolist() == [known[picture.tobytes()] for picture in pixels]
    assert c[:, :10].sum(1).tolist() == [1] * 64
    for i, name in enumerate(("ink", "slant"), start=10):
        about = ATTRIBUTES[name]
        found = about.middle + about.spread * c[:, i].numpy()
        assert found == pytest.approx(about.measure(x, "symmetric"), abs=1e-5)
    plain, twin = small(seed=3), small(seed=3)  # without conditions: the same pictures, and none
    real, none = plain.real_pairs()
    assert none is None
    assert torch.equal(real, twin.real_batch())


def test_a_penalty_asks_for_the_slope_in_the_picture_alone(small):
    """With the conditions held: by autograd, picture by picture."""
    trainer, twin = (small("mlp", conditioning="projection", penalty="r1+r2") for _ in range(2))
    trainer.step()
    x, c = twin.real_pairs()
    fake = twin.generator(twin.latent_batch(), c).detach()
    norms = []
    for points in (x, fake):
        for point, own in zip(points, c, strict=True):
            point = point[None].clone().requires_grad_()
            (slope,) = torch.autograd.grad(twin.discriminator(point, own[None]).sum(), point)
            norms.append(slope.norm().item())
    assert trainer.history["gradient_norm"][0] == pytest.approx(np.mean(norms), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "settings"),  # with batch norm each minibatch by itself, without it both in one go
    [("cgan", {}), ("cgan-concat", {}), ("mlp", {"conditioning": "projection"})],
)
def test_real_and_generated_pictures_are_judged_by_the_same_digits(name, settings, small):
    trainer, twin = small(name, **settings), small(name, **settings)
    loss = trainer.discriminator_step().discriminator_loss
    x, c = twin.real_pairs()
    fake = twin.generator(twin.latent_batch(), c)
    by_hand = nn.functional.softplus(-twin.discriminator(x, c)) + nn.functional.softplus(
        twin.discriminator(fake, c)
    )
    assert loss.item() == pytest.approx(by_hand.mean().item(), rel=1e-6)


def test_a_relativistic_generator_is_compared_with_pictures_of_its_own_digits(small):
    trainer, twin = (small("mlp", conditioning="projection", objective="relativistic") for _ in range(2))
    loss = trainer.generator_step()
    x, c = twin.real_pairs()
    fake = twin.generator(twin.latent_batch(), c)
    ahead = twin.discriminator(fake, c) - twin.discriminator(x, c)
    assert loss.item() == pytest.approx(-torch.log(torch.sigmoid(ahead)).mean().item(), abs=1e-6)


def test_with_labels_a_digit_can_be_ordered(images):
    """A small one, soon: an order is met far more often than by chance, and not where the orders are exchanged."""
    keep = images.labels < 3
    three = Images(images.pixels[keep], images.labels[keep], "three digits")
    trainer = AdversarialTrainer(three, "mlp", device="cpu", conditioning="projection", ema=0.0)
    trainer.run(200, progress=False)
    labels = np.arange(90) % 3
    means = np.stack([three.pixels[three.labels == k].mean(0).ravel() / 127.5 - 1 for k in range(3)])
    nearest = cdist(trainer.sample(90, seed=0, labels=labels).flatten(1), means).argmin(1)
    assert (nearest == labels).mean() > 0.8
    assert (nearest == np.roll(labels, 1)).mean() < 0.2


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize("name", KINDS)
def test_samples_of_the_digits_that_are_asked_for(name, small):
    trainer = small(name).run(2, progress=False)
    z = torch.randn(20, 8, generator=torch.Generator().manual_seed(4))
    c = trainer.generator.conditions(np.arange(20) % 10)
    with torch.no_grad():
        expected = trainer.generator.eval()(z, c)
    assert torch.equal(trainer.sample(20, seed=4), expected)  # 0 to 9 in turn
    assert torch.equal(trainer.sample(20, seed=4, labels=torch.arange(20) % 10), expected)
    threes = trainer.sample(20, seed=4, labels=3)
    assert torch.equal(threes[3], expected[3])
    assert not torch.equal(threes[4], expected[4])
    assert trainer.sample(0, labels=3).shape == (0, 1, 28, 28)


def test_attributes_can_be_ordered_too(small):
    trainer = small("cgan-attributes").run(2, progress=False)
    z = torch.zeros(3, 8)
    usual = trainer.generate(z, labels=1)
    same = trainer.generate(
        z, labels=1, ink=ATTRIBUTES["ink"].middle, slant=np.full(3, ATTRIBUTES["slant"].middle)
    )
    assert torch.equal(same, usual)
    assert torch.equal(trainer.generate(z.double(), labels=1), usual)
    other = trainer.generate(z, labels=1, slant=[ATTRIBUTES["slant"].middle, 0.6, -0.6])
    assert [torch.equal(a, b) for a, b in zip(other, usual, strict=True)] == [True, False, False]


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_generator_draws_what_the_trainer_drew(name, small, tmp_path):
    trainer = small(name, ema=0.9).run(3, progress=False)
    loaded = load_generator(save_generator(trainer, tmp_path / "g.safetensors"), "cpu")
    z = torch.randn(4, loaded.latent_dim)
    drawn = loaded(z, loaded.conditions([7, 7, 0, 1]))
    assert torch.allclose(drawn, trainer.generate(z, labels=[7, 7, 0, 1]), atol=5e-3)


class Linear(nn.Module):
    """z (n, 6) and conditions -> pictures that are A z and a bright mean, which is the digit's."""

    def __init__(self):
        super().__init__()
        random = torch.Generator().manual_seed(2)
        self.slopes = nn.Parameter(torch.randn(6, 50, generator=random) * torch.arange(1.0, 7)[:, None])
        self.means = torch.randn(10, 50, generator=random) * 20 + 100

    def forward(self, x):
        return x[:, :6] @ self.slopes + x[:, 6:] @ self.means


@pytest.mark.parametrize("seed", [0, 1])
def test_the_directions_of_style_are_those_of_a_known_linear_map(seed):
    """Whatever z is drawn, and however far the mean picture is from 0."""
    generator = ConditionalGenerator(Linear())
    generator.latent_dim = 6
    found = style_directions(generator, n=20, seed=seed)
    exact = torch.linalg.svd(generator.generator.slopes).U[:, :2].T
    assert (found * exact).sum(1).abs().tolist() == pytest.approx([1, 1], abs=1e-4)
    assert (found.sum(1) > 0).all()
    with pytest.raises(ValueError, match="latent_dim of the generator is None"):
        style_directions(ConditionalGenerator(Linear()))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1, 2], r"labels has shape \(2,\), but there are 3 pictures to draw: .* or a single digit for all"),
        (torch.eye(10)[:3].long(), r"labels has shape \(3, 10\)"),
        ([1, 2, 10], "labels go from 1 to 10; they must be digits from 0 to 9"),
        (-1, "labels go from -1 to -1"),
        ([1.0, 2.0, 3.0], "labels are float64; they must be whole numbers"),
        ([True, False, True], "labels are bool"),
        ("seven", "labels is 'seven'; it must be made of numbers"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels, said, small):
    with pytest.raises(ValueError, match=said):
        small("cgan").sample(3, labels=labels)


def test_orders_that_a_recipe_cannot_take_are_refused(small):
    with pytest.raises(
        ValueError, match="recipe 'dcgan' has no conditions, so labels cannot be chosen: train 'cgan'"
    ):
        small("dcgan").sample(3, labels=1)
    with pytest.raises(ValueError, match="so ink cannot be chosen"):
        small("mlp").sample(3, ink=0.1)
    with pytest.raises(ValueError, match="no attribute 'ink'; it has none, only labels"):
        small("cgan").sample(3, labels=1, ink=0.1)
    with pytest.raises(ValueError, match="no attribute 'width'; it has: ink, slant"):
        small("cgan-attributes").sample(3, width=0.1)
    with pytest.raises(ValueError, match=r"ink is 33; it must be in \[0, 1\]"):  # MNIST's mean, in bytes
        small("cgan-attributes").sample(3, ink=33)
    with pytest.raises(ValueError, match=r"ink has shape \(2,\), but there are 3 pictures"):
        small("cgan-attributes").sample(3, ink=[0.1, 0.2])


def test_pictures_without_labels_and_points_cannot_train_with_conditions(images):
    with pytest.raises(
        ValueError, match="recipe 'cgan' has to be told the digit of each picture, .* give Images"
    ):
        AdversarialTrainer(images.pixels, "cgan", device="cpu")
    with pytest.raises(
        ValueError, match="conditioning is 'projection', but points of the plane come without labels"
    ):
        PointTrainer(ring(), POINTS, conditioning="projection")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"conditioning": "film"},
            "conditioning is 'film'; it must be one of none, concatenation, projection",
        ),
        (
            {"attributes": ("ink",), "conditioning": "none"},
            r"attributes is \('ink',\), but conditioning is 'none'",
        ),
        ({"attributes": ("width",)}, r"attributes\[0\] is 'width'; it must be one of ink, slant"),
        ({"attributes": "ink"}, "attributes is 'ink'; it must be a tuple of attributes"),
        ({"attributes": ("ink", "ink")}, "a tuple of different attributes"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        get_recipe("cgan", **settings)


def test_a_training_cannot_change_what_it_is_told(small):
    for settings in ({"conditioning": "concatenation"}, {"attributes": ("ink",)}):
        with pytest.raises(ValueError, match="make a new trainer"):
            small("cgan").change(**settings)
    with pytest.raises(ValueError, match="make a new trainer"):
        small("dcgan").load_state_dict(small("cgan").state_dict())
