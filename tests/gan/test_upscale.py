"""Super-resolution: the small picture, the classical answer, a step written out, and what each loss asks for."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from course_utils.gan.upscale import (
    UpscaleRecipe,
    UpscaleTrainer,
    bicubic,
    load_upscaler,
    psnr,
    save_upscaler,
    shrink,
)

SMALL = {"channels": 4, "discriminator_widths": (2, 4), "batch_size": 8}
BOTH = {"perceptual_weight": 0.5, "adversarial_weight": 0.2}


def eyes(pictures):  # the means of the columns
    return pictures.mean(dim=2)


def trainer(images, eyes=eyes, **settings):
    return UpscaleTrainer(images, "pixel", eyes=eyes, device="cpu", **(SMALL | settings))


def test_small_pictures_are_means_of_squares_and_bicubic_is_keys_cubic():
    pictures = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    small = shrink(pictures)
    assert small.shape == (3, 1, 7, 7)
    assert small[1, 0, 2, 5].item() == pytest.approx(pictures[1, 0, 8:12, 20:24].mean().item(), abs=1e-6)
    across = np.zeros((28, 7))  # Keys 1981, written out for one line; the border is repeated
    for i in range(28):
        at = (i + 0.5) / 4 - 0.5
        for j in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            d, a = abs(at - j), -0.75
            near, far = (a + 2) * d**3 - (a + 3) * d**2 + 1, a * (d**3 - 5 * d**2 + 8 * d - 4)
            across[i, min(max(j, 0), 6)] += near if d <= 1 else far
    by_hand = across @ small[1, 0].double().numpy() @ across.T
    assert bicubic(small)[1, 0].numpy() == pytest.approx(by_hand.clip(-1, 1), abs=1e-5)


def test_psnr_is_the_formula():
    x, y = torch.zeros(2, 1, 28, 28), torch.zeros(2, 1, 28, 28)
    y[0] -= 0.2
    assert psnr(x, y)[0].item() == pytest.approx(10 * np.log10(4 / 0.04), abs=1e-4)
    assert psnr(x, y)[1].item() > 100


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("weights", [{}, {"perceptual_weight": 0.5}, BOTH])
def test_a_step_is_the_three_losses_written_out(images, weights):
    fast, plain = (trainer(images, optimizer="sgd", ema=0.0, **weights) for _ in range(2))
    fast.run(3, progress=False)
    for _ in range(3):
        x, G, D = plain.batch(), plain.generator, plain.discriminator
        made = G(shrink(x))
        loss = ((made - x) ** 2).mean() + weights.get("perceptual_weight", 0) * (
            (eyes(made) - eyes(x)) ** 2
        ).mean()
        if "adversarial_weight" in weights:
            d_loss = softplus(-D(x)).mean() + softplus(D(made.detach())).mean()
            plain.discriminator_optimizer.zero_grad()
            d_loss.backward()
            plain.discriminator_optimizer.step()
            loss = loss + 0.2 * softplus(-D(made)).mean()
        plain.generator_optimizer.zero_grad()
        loss.backward()
        plain.generator_optimizer.step()
    for part in ("generator", "discriminator"):
        ours, theirs = (getattr(t, part).parameters() for t in (fast, plain))
        assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(ours, theirs, strict=True))
    assert np.isnan(fast.log.columns("adversarial").numpy()).all() == ("adversarial_weight" not in weights)


def test_it_learns_and_resumes_to_the_bit(images, resumed, tmp_path):
    whole, again = resumed(partial(trainer, images, **BOTH), 60, 25)
    assert whole.history["pixel"][-10:].mean() < whole.history["pixel"][:10].mean()
    small = shrink(whole.batch())
    assert torch.equal(whole.upscale(small), again.upscale(small))
    assert whole.upscale(small).shape == (8, 1, 28, 28)
    shipped = load_upscaler(save_upscaler(whole, tmp_path / "mine.safetensors"), "cpu")
    assert torch.allclose(shipped(small), whole.upscale(small), atol=0.02)


def test_what_answers_is_the_average_where_there_is_one(images):
    run, twin = trainer(images, ema=0.9), trainer(images, ema=0.0)
    before = [weight.clone() for weight in twin.generator.parameters()]
    run.step()
    twin.step()
    for mine, old, new in zip(run.best.parameters(), before, twin.best.parameters(), strict=True):
        # the first step's decay is 2 / 11
        assert torch.allclose(mine, old * 2 / 11 + new * 9 / 11, atol=1e-7)


def test_the_eyes_are_kept_still(images):
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 4), torch.nn.BatchNorm1d(4))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trainer(images, perceptual_weight=1.0, eyes=network).run(2, progress=False)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network[1].weight.grad is None


def test_a_perceptual_loss_cannot_begin_without_eyes(images):
    blind = UpscaleTrainer(images, device="cpu", **SMALL)
    with pytest.raises(ValueError, match="eyes is None"):
        blind.change(perceptual_weight=1.0)
    with pytest.raises(ValueError, match="eyes is None"):
        blind.load_state_dict(trainer(images, perceptual_weight=1.0).state_dict())
    assert blind.recipe.perceptual_weight == 0


def test_what_does_not_fit_is_refused_in_words(images):
    with pytest.raises(ValueError, match="eyes is None, but the recipe has a perceptual_weight"):
        UpscaleTrainer(images, "perceptual", device="cpu")
    with pytest.raises(ValueError, match="channels must be a multiple of 4"):
        UpscaleRecipe("mine", channels=6)
    with pytest.raises(ValueError, match=r"small has shape \(1, 1, 8, 8\)"):
        trainer(images).upscale(torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match="pictures has shape"):
        shrink(torch.zeros(1, 28, 28))
    with pytest.raises(ValueError, match="small go from 255 to 255"):
        trainer(images).upscale(torch.full((1, 1, 7, 7), 255.0))
    unit = torch.from_numpy(images.pixels[:2, None] / 255)  # its PSNR would be 6 dB too high
    for call in (shrink, lambda x: psnr(x, x), lambda x: bicubic(x[:, :, ::4, ::4])):
        with pytest.raises(ValueError, match=r"go from 0 to .* must lie in \[-1, 1\].* give 2 \* \w+ - 1"):
            call(unit)
    with pytest.raises(ValueError, match="2 pictures and 1 originals"):
        psnr(torch.zeros(2, 1, 28, 28), torch.zeros(1, 1, 28, 28))
    with pytest.raises(
        ValueError, match="recipe is 'srgan'; it must be one of pixel, perceptual, adversarial"
    ):
        UpscaleTrainer(images, "srgan", device="cpu")
