import pytest
import torch
from torch import nn

from course_utils.gan.networks import MLPDiscriminator, MLPGenerator
from course_utils.gan.recipes import RECIPES, Recipe, get_recipe


def test_generator_makes_pictures_in_the_interval_of_tanh():
    pictures = MLPGenerator(16, (32, 64))(torch.randn(5, 16))
    assert pictures.shape == (5, 1, 28, 28)
    assert pictures.abs().max() <= 1


def test_discriminator_gives_one_logit_per_picture_of_either_sign():
    torch.manual_seed(0)
    logits = MLPDiscriminator((32, 16))(torch.randn(200, 1, 28, 28))
    assert logits.shape == (200,)
    assert logits.min() < 0 < logits.max()  # a logit, not a probability


def test_layers_are_where_l4s_guidelines_want_them():
    generator, discriminator = RECIPES["mlp"].make_networks()
    kinds = [type(m) for m in generator.layers]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 2 + [nn.Linear, nn.Tanh]
    assert all(
        m.momentum == 0.1 and m.eps == 1e-5 for m in generator.modules() if isinstance(m, nn.BatchNorm1d)
    )
    slopes = [m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2, 0.2]


def test_overrides_replace_settings_and_leave_the_named_recipe_alone():
    recipe = get_recipe("mlp", batch_size=16, objective="minimax")
    assert (recipe.batch_size, recipe.objective, recipe.name) == (16, "minimax", "mlp")
    assert RECIPES["mlp"].batch_size == 64
    assert get_recipe(recipe) is not None
    assert get_recipe(recipe, batch_size=8).objective == "minimax"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"batchsize": 3}, "no setting 'batchsize'; it has: name, objective"),
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number of at least 1"),
        ({"discriminator_steps": 1.5}, "discriminator_steps is 1.5"),
        ({"generator_learning_rate": 0.0}, "generator_learning_rate is 0.0; it must be positive"),
        ({"objective": "saturating"}, "must be one of minimax, non-saturating"),
    ],
)
def test_bad_settings_are_refused_in_words(overrides, message):
    with pytest.raises(ValueError, match=message):
        get_recipe("mlp", **overrides)


def test_unknown_recipe():
    with pytest.raises(ValueError, match="no recipe 'stylegan'; there are: mlp"):
        get_recipe("stylegan")


def test_a_recipe_prints_as_the_code_that_makes_it():
    recipe = RECIPES["mlp"]
    assert eval(repr(recipe), {"Recipe": Recipe}) == recipe
