"""Shapes, L4's guidelines, and recipes that can be printed, replaced and compared."""

import json
from dataclasses import asdict

import pytest
import torch
from torch import nn

from course_utils.gan.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    PointGenerator,
)
from course_utils.gan.recipes import RECIPES, Recipe, get_recipe


@pytest.mark.parametrize("generator", [MLPGenerator(16, (32, 64)), DCGANGenerator(16, (8, 4))])
def test_generators_make_pictures_in_the_interval_of_tanh(generator):
    pictures = generator(torch.randn(5, 16))
    assert pictures.shape == (5, 1, 28, 28)
    assert pictures.abs().max() <= 1


@pytest.mark.parametrize(
    "discriminator",
    [
        MLPDiscriminator((32, 16)),
        DCGANDiscriminator((4, 8), batch_norm=True),
        DCGANDiscriminator((4, 8), batch_norm=False),
    ],
)
def test_discriminators_give_one_logit_per_picture_of_either_sign(discriminator):
    pictures = torch.randn(20, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    logits = discriminator(pictures)
    assert logits.shape == (20,)
    with torch.no_grad():
        for parameter in discriminator.layers[-1].parameters():
            parameter.mul_(-1000)
    # logits, not probabilities: nothing bounds them
    assert torch.allclose(discriminator(pictures), -1000 * logits, rtol=1e-3, atol=1e-2)


def test_points_of_the_plane_are_not_bounded():
    generator, discriminator = Recipe("p", architecture="points", latent_dim=3).make_networks()
    assert isinstance(generator, PointGenerator)
    points = generator(1000 * torch.randn(50, 3, generator=torch.Generator().manual_seed(0)))
    assert points.shape == (50, 2)
    assert points.abs().max() > 1
    assert discriminator(points).shape == (50,)


def test_mlp_layers_are_where_l4s_guidelines_want_them():
    generator, discriminator = RECIPES["mlp"].make_networks()
    wanted = [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 2 + [nn.Linear, nn.Tanh]
    assert all(isinstance(m, kind) for m, kind in zip(generator.layers, wanted, strict=True))
    assert all(
        m.momentum == 0.1 and m.eps == 1e-5 for m in generator.modules() if isinstance(m, nn.BatchNorm1d)
    )
    slopes = [m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2, 0.2]


def test_dcgan_layers_are_where_l4s_guidelines_want_them():
    generator, discriminator = RECIPES["dcgan"].make_networks()
    layers = list(generator.modules())
    assert [m.stride for m in layers if isinstance(m, nn.ConvTranspose2d)] == [(2, 2)] * 3
    assert sum(isinstance(m, nn.BatchNorm2d) for m in layers) == 3
    assert isinstance(generator.layers[-1], nn.Tanh)
    assert isinstance(generator.layers[-2], nn.ConvTranspose2d)  # no batch norm at G's output
    layers = list(discriminator.layers)
    assert [m.stride for m in layers if isinstance(m, nn.Conv2d)] == [(2, 2)] * 3
    assert isinstance(layers[1], nn.LeakyReLU)  # no batch norm at D's input
    assert isinstance(layers[3], nn.BatchNorm2d)
    assert not any(isinstance(m, nn.MaxPool2d | nn.AvgPool2d | nn.Sigmoid) for m in discriminator.modules())
    # a bias before batch norm would do nothing
    assert layers[2].bias is None
    assert generator.layers[0].bias is None


@pytest.mark.parametrize("name", [name for name in RECIPES if "wgan" in name])
def test_critics_have_no_batch_norm(name):
    critic = RECIPES[name].make_networks()[1]
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in critic.modules())


def test_dcgan_weights_start_as_radford_et_al_have_them():
    torch.manual_seed(0)
    generator, discriminator = RECIPES["dcgan"].make_networks()
    for network in (generator, discriminator):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                tolerance = 4 * 0.02 / (2 * module.weight.numel()) ** 0.5  # four standard errors
                assert abs(module.weight.std().item() - 0.02) < tolerance
            elif isinstance(module, nn.BatchNorm2d):
                assert abs(module.weight.mean().item() - 1) < 0.02


def test_maps_of_the_generator_are_laid_out_as_convolutions_like_them():
    generator = DCGANGenerator(16, (8, 4)).to(memory_format=torch.channels_last)
    maps = generator.layers[:4](torch.randn(5, 16))
    assert maps.shape == (5, 8, 7, 7)
    assert maps.is_contiguous(memory_format=torch.channels_last)


def test_l3s_algorithm_has_l3s_values():
    recipe = RECIPES["wgan-clip"]
    assert recipe.optimizer == "rmsprop"
    assert recipe.generator_learning_rate == recipe.discriminator_learning_rate == 5e-5
    assert (recipe.clip, recipe.discriminator_steps, recipe.batch_size) == (0.01, 5, 64)


def test_every_plain_recipe_has_an_optimistic_twin():
    for name in ("mlp", "dcgan", "wgan-clip", "wgan-gp", "wgan-lp", "r3gan"):
        twin = RECIPES[f"{name}-optimistic"]
        assert twin.optimizer == "optimistic-adam"
        assert set(twin.difference(RECIPES[name])) == {"name", "optimizer"}


def test_overrides_replace_settings_and_leave_the_named_recipe_alone():
    recipe = get_recipe("mlp", batch_size=16, objective="minimax")
    assert (recipe.batch_size, recipe.objective, recipe.name) == (16, "minimax", "mlp")
    assert RECIPES["mlp"].batch_size == 64
    assert get_recipe(recipe) == recipe
    assert get_recipe(recipe, batch_size=8).objective == "minimax"


def test_difference_names_both_values():
    here, there = RECIPES["wgan-gp"], RECIPES["wgan-gp"].replace(penalty="lp", batch_size=8)
    assert here.difference(there) == {"penalty": ("gp", "lp"), "batch_size": (64, 8)}
    assert here.difference(here) == {}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"batchsize": 3}, "no setting 'batchsize'; it has: name, architecture"),
        ({"batch_size": True}, "batch_size is True; it must be a whole number"),
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number of at least 1"),
        ({"discriminator_steps": 1.5}, "discriminator_steps is 1.5"),
        ({"generator_learning_rate": 0.0}, "generator_learning_rate is 0.0; it must be positive"),
        ({"clip": -0.01}, "clip is -0.01; it must be positive"),
        ({"instance_noise": -1.0}, "instance_noise is -1.0; it must be zero or more"),
        ({"ema": 1.0}, r"ema is 1.0; it must be in \[0, 1\)"),
        ({"betas": (0.5, 1.0)}, r"betas\[1\] is 1.0; it must be in \[0, 1\)"),
        ({"betas": (0.5,)}, r"betas is .*; it must be a tuple of 2 numbers, such as \(0.5, 0.999\)"),
        ({"generator_widths": ()}, r"generator_widths is \(\); it must be a tuple of one or more numbers"),
        ({"discriminator_widths": (8.5,)}, r"discriminator_widths\[0\] is 8.5; it must be a whole number"),
        ({"architecture": "dcgan", "generator_widths": (8,)}, "2 or 3 layers of maps"),
        ({"objective": "saturating"}, "must be one of minimax, non-saturating"),
        ({"optimizer": "lion"}, "must be one of adam, optimistic-adam"),
        ({"penalty": "gp", "minibatch_statistics": "stddev"}, "mix the samples: switch one of the two off"),
        ({"penalty": "lp", "batch_norm_in_discriminator": True}, "mix the samples"),
        ({"penalty": "r1", "minibatch_statistics": "stddev"}, "mix the samples"),
    ],
)
def test_bad_settings_are_refused_in_words(overrides, message):
    with pytest.raises(ValueError, match=message):
        get_recipe("mlp", **overrides)


def test_unknown_recipe():
    with pytest.raises(ValueError, match="recipe is 'stylegan'; it must be one of mlp"):
        get_recipe("stylegan")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_prints_as_the_code_that_makes_it_and_survives_json(recipe):
    assert eval(repr(recipe), {"Recipe": Recipe}) == recipe
    assert Recipe(**json.loads(json.dumps(asdict(recipe)))) == recipe


def test_the_profile_decides_how_long(monkeypatch):
    recipe = RECIPES["mlp"].replace(quick_steps=3, full_steps=7)
    monkeypatch.setenv("COURSE_PROFILE", "quick")
    assert recipe.steps == 3
    monkeypatch.setenv("COURSE_PROFILE", "full")
    assert recipe.steps == 7


@pytest.mark.parametrize(
    ("optimizer", "kind"),
    [
        ("adam", "Adam"),
        ("rmsprop", "RMSprop"),
        ("sgd", "SGD"),
        ("optimistic-adam", "OptimisticAdam"),
        ("optimistic-sgd", "OptimisticSGD"),
    ],
)
def test_optimizers_have_the_recipes_rates(optimizer, kind):
    recipe = RECIPES["mlp"].replace(
        optimizer=optimizer, generator_learning_rate=0.25, discriminator_learning_rate=0.5, betas=(0.1, 0.2)
    )
    players = zip(("generator", "discriminator"), recipe.make_networks(), strict=True)
    pair = [recipe.make_optimizer(player, network) for player, network in players]
    assert [type(o).__name__ for o in pair] == [kind] * 2
    assert [o.param_groups[0]["lr"] for o in pair] == [0.25, 0.5]
    assert pair[0].param_groups[0].get("betas", (0.1, 0.2)) == (0.1, 0.2)
