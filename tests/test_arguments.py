"""Every argument of every public call, replaced by what it cannot be: refused in one sentence of ours that names it.

A row is a call that works, as arguments by name. Each of them in turn becomes each of BAD; what the row calls fine is
taken; all else is a ValueError (of a file that is not there: FileNotFoundError) raised by a line of course_utils, not
by NumPy or torch further down, whose message has the name of the argument (or the word that the row says).
"""

import traceback
import warnings

import numpy as np
import pytest
import torch
from scipy import stats

from course_utils import (
    apps,
    attacks,
    datasets,
    exercises,
    games,
    gan,
    optimizers,
    pictures,
    recording,
    runtime,
    style,
    toy,
    training,
    translation,
    vae,
)
from course_utils import divergences as dv
from course_utils import transport as ot
from course_utils.datasets import scaling
from course_utils.divergences import lines
from course_utils.games import theory
from course_utils.gan import metrics, upscale
from course_utils.gan.conditional import style_directions
from course_utils.gan.playground import Preset, Session, make_data, outcome, plane, read_csv, scaled_to_view
from course_utils.transport import hints

BAD = {
    "word": "abc",
    "None": None,
    "nan": float("nan"),
    "True": True,
    "-1": -1,
    "complex": 1j,
    "[]": [],
    "ragged": [[1, 2], [3]],
    "words": ["a", "b"],
    "empty": np.zeros((0, 2)),
    "4d": np.zeros((2, 2, 2, 2)),
    "nans": np.full((3, 2), np.nan),
    "complexes": np.array([1j, 2]),
    "tensor": torch.full((2, 5), 7.5, requires_grad=True),
    "dict": {"a": 1},
    "object": object(),
    "class": stats.norm,
    "function": len,
}
ANY_SHAPE = "-1 [] empty 4d tensor"  # where any numbers will do,
NOT_NEGATIVE = "[] empty 4d tensor"  # where none may be below zero,
FRACTIONS = "[] empty 4d"  # and where they lie in [0, 1]


def rows(room):
    """(call, {argument: (value that works, names of BAD that are fine)}, {argument: another word in the message})."""
    rng, line = np.random.default_rng(0), np.array([0.5, 0.5])
    x, y = rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    a, b = np.full(4, 1 / 4), np.full(3, 1 / 3)
    if room == "divergences":
        vectors = dict(p=(line, "empty"), q=(np.array([0.25, 0.75]), "empty"))
        p, q = (stats.norm(), "class"), (stats.norm(1), "class")  # scipy's own norm is the standard one
        yield from ((call, vectors) for call in (dv.kl_divergence, dv.js_divergence))
        densities = (dv.kl_divergence_continuous, dv.js_divergence_continuous, dv.js_integrand)
        yield from ((call, dict(p=p, q=q)) for call in densities)
        yield dv.optimal_discriminator, dict(p_star=p, p_g=q)
        yield dv.optimal_discriminator(p[0], q[0]), dict(x=(0.0, ANY_SHAPE)), {}
        yield dv.js_integrand(p[0], q[0]), dict(x=(0.0, ANY_SHAPE)), {}
        answers = dict(discriminator=(lambda x: 0.5 + 0 * x, "class function"), p_star=p, p_g=q)
        yield dv.gan_value, answers
        points = dict(real=(x, "4d tensor"), fake=(y, "4d tensor"))
        half = (lambda x: np.full(len(x), 0.5), "class function")
        yield dv.value_on_points, dict(discriminator=half) | points
        density = (1.0, NOT_NEGATIVE)
        yield dv.pointwise_value, dict(d=(0.5, FRACTIONS), p_star_x=density, p_g_x=density)
        for distance in lines.DISTANCES.values():
            for call in (distance.value, distance.gradient):
                yield call, dict(theta=(1.0, ANY_SHAPE), noise=(0.5, NOT_NEGATIVE))
        yield lines.discriminator_on_fakes, dict(theta=(1.0, ANY_SHAPE), noise=(0.5, NOT_NEGATIVE))
    if room == "transport":
        points, weights = dict(x=(x, ""), y=(y, "")), dict(a=(a, "None"), b=(b, "None"))
        metric = ("euclidean", "class function")  # a function is the student's own
        yield ot.earth_movers_distance, points | weights | dict(metric=metric, max_pivots=(1000, ""))
        curve = dict(
            metric=metric, regularizations=(1.0, ""), tolerance=(1e-6, ""), max_iterations=(1000, "")
        )
        yield ot.sinkhorn_curve, points | weights | curve
        atoms = dict(x=([1.0, 2.0], ""), y=([2.0, 3.0], ""), a=(line, "None"), b=(line, "None"))
        yield ot.wasserstein_1d, atoms
        blocks = ot.PiecewiseUniform([(0, 1), (2, 3)])
        yield ot.PiecewiseUniform, dict(intervals=([(0, 1), (2, 3)], ""), masses=(line, "None"))
        yield from ((call, dict(t=(0.5, ANY_SHAPE))) for call in (blocks.pdf, blocks.logpdf, blocks.cdf))
        yield blocks.ppf, dict(u=(0.5, FRACTIONS))
        yield blocks.sample, dict(n=(3, ""), generator=(rng, ""))
        solved = ot.earth_movers_distance(x, y)
        yield ot.kantorovich_potential, dict(transport=(solved, ""))
        yield ot.kantorovich_potential(solved), dict(points=(x, "empty 4d"))
        yield ot.binary_couplings, dict(mu0=(0.3, ""), nu0=(0.5, ""), q=(0.5, FRACTIONS))
        plan, transport = (solved.plan, ""), (solved, "")
        yield (
            hints.marginal_errors,
            dict(plan=plan, a=(solved.a, ""), b=(solved.b, "")),
            dict(a="plan|a", b="plan|b"),
        )
        yield hints.prices, dict(transport=transport)
        yield from (
            (call, dict(plan=plan, transport=transport)) for call in (hints.overpayment, hints.next_step)
        )
    if room == "games":
        game, rate, step = (games.bilinear(), ""), (0.1, "-1"), ("simultaneous", "")
        yield games.bilinear, dict(matrix=(1.0, "-1 tensor"))
        yield games.convex_concave, dict(curvature=(1.0, ""), coupling=(1.0, "-1"))
        yield games.nonconvex, dict(strength=(1.0, ""))
        yield games.gaussian_mean_game, dict(mean=(1.0, "-1"), batch_size=(3, "None"), rng=(rng, ""))
        yield games.dirac_gan, dict(loss=("minimax", ""), regulariser=("none", ""), strength=(1.0, ""))
        yield games.with_consensus, dict(game=game, strength=(1.0, "-1"))
        rule = dict(
            value=(lambda x, y: x * y, "class function"), gradients=(lambda x, y: (y, x), "class function")
        )
        yield games.Game, rule | dict(equilibria=(np.zeros(2), "[] empty 4d"), players=((1, 1), ""))
        play = dict(game=game, method=("simultaneous", "class function"), start=((1.0, 0.0), "empty 4d"))
        yield games.simulate, play | dict(steps=(3, ""), learning_rate=(0.1, ""), bound=(1e6, ""))
        run = games.simulate(game[0], "simultaneous", (1.0, 0.0), steps=5, learning_rate=0.1)
        yield run.distance_to, dict(point=(np.zeros(2), "-1"))
        yield theory.jacobian, dict(game=game, point=((0.0, 0.0), "None"), width=(1e-3, ""))
        linear = dict(method=step, j=(np.eye(2), ""), n_x=(1, "None"))
        yield theory.step_matrix, linear | dict(learning_rate=rate)
        yield theory.eigenvalues, linear | dict(learning_rates=([0.1], ANY_SHAPE))
        yield theory.radius_factor, dict(method=step, learning_rate=(0.1, ANY_SHAPE), strength=(1.0, "-1"))
        yield theory.alternating_invariant, dict(points=(x, "empty 4d"), learning_rate=rate)
    if room == "toy":
        yield toy.parallel_lines, dict(theta=(1.0, "-1"), noise=(0.1, ""))
        yield toy.ring, dict(modes=(8, ""), radius=(2.0, "-1"), std=(0.1, ""))
        yield toy.grid, dict(side=(3, ""), spacing=(1.0, "-1"), std=(0.1, ""))
        yield toy.two_moons, dict(noise=(0.1, ""))
        yield toy.spiral, dict(turns=(1.0, ""), radius=(1.0, ""), noise=(0.1, ""))
        yield toy.GaussianMixture, dict(modes=(y[:2], ""), std=(0.1, ""), weights=(line, "None"))
        yield toy.ring().sample, dict(n=(3, ""), generator=(rng, ""))
        for p in (toy.ring(), toy.two_moons(), toy.parallel_lines(1, noise=0.5)):
            yield p.logpdf, dict(points=(x, "empty 4d"))
    digits = datasets.load_digits_stand_in()
    pixels = digits.pixels[:40]
    if room == "datasets":
        yield datasets.load_images, dict(name=("digits", ""))
        yield datasets.load_mnist, dict(split=("train", ""))
        labels = digits.labels[:40]
        yield datasets.Images, dict(pixels=(pixels, ""), labels=(labels, ""), name=("mine", "word"))
        yield from ((call, dict(pictures=(pixels, "4d"))) for call in (scaling.to_unit, scaling.to_symmetric))
        yield (
            pictures.open_picture,
            dict(source=(x.clip(0, 1), ""), size=(32, "None")),
            dict(source="picture|file"),
        )
    if room == "recording":
        yield recording.schedule, dict(total=(10, ""), moments=(5, ""))
        about = dict(title=("mine", "word"), note=("", "word"), machine=({}, "None dict"))
        about |= dict(recipe=({}, "dict"), grey_levels=(16, ""))
        yield recording.RunRecorder, about
        yield recording.load_recording, dict(name=("mlp", "")), dict(name="name|recorded run is called")
        loaded = recording.load_recording("mlp")
        yield loaded.samples, dict(moment=(0, "-1"))
        yield loaded.at, dict(step=(0, "-1"))
        recorder = recording.RunRecorder({})

        def add_samples(step, pictures):
            recording.RunRecorder({}).add_samples(step, pictures)

        def add_metrics(step, loss):
            recording.RunRecorder({}).add_metrics(step, loss=loss)

        yield add_samples, dict(step=(0, ""), pictures=(pixels[:2], ""))
        yield add_metrics, dict(step=([1, 2], ""), loss=([1.0, 2.0], ""))
        yield (
            apps.replay_app,
            dict(runs=("mlp", "None"), scale=(1.0, "")),
            dict(runs="runs|run is called|recording|name"),
        )
        yield recorder.save, dict(path=("mine.npz", "")), dict(path="path|file|yet")
    if room == "metrics":
        classifier = (metrics.load_classifier("cpu"), "None")
        yield metrics.load_classifier, dict(device=("cpu", "None")), dict(device="prefer")
        looks = dict(images=(pixels[:3], ""), scale=(None, "None"))
        yield from ((call, looks) for call in (metrics.ink, metrics.slant))
        yield metrics.frechet_distance, dict(x=(x, ""), y=(y, ""))
        yield metrics.mode_coverage, dict(predictions=(np.arange(10), ""), classes=(10, ""))
        yield metrics.mixture_coverage, dict(points=(x, ""), mixture=(toy.ring(), ""), deviations=(3.0, ""))
        seen = dict(images=(pixels[:3], ""), classifier=classifier, batch=(10, ""), scale=(None, "None"))
        yield from ((call, seen) for call in (metrics.look, metrics.features))
        nearest = dict(images=(pixels[:3], ""), training_pixels=(pixels[:20], ""))
        yield metrics.nearest_neighbours, nearest
        yield metrics.memorisation, nearest | dict(held_out_pixels=(pixels[20:], ""), classifier=classifier)
    if room == "judges":
        network = dict(dim=(2, ""), width=(8, ""), learning_rate=(0.1, ""), seed=(0, ""))
        yield gan.Discriminator, network
        yield gan.Critic, network | dict(penalty=(1.0, ""), one_sided=(True, "True"))
        for judge in (gan.Discriminator(2), gan.Critic(2)):
            calls = (judge.step, judge.estimate, judge.standard_error)
            yield from ((call, dict(real=(x, ""), fake=(y, ""))) for call in calls)
            data = (toy.ring(), "")
            yield judge.train, dict(real=data, fake=data, steps=(1, ""), batch_size=(8, ""))
            views = [
                judge,
                judge.score,
                judge.score_gradient,
                judge.generator_gradient,
                getattr(judge, "slope", judge),
            ]
            yield from ((call, dict(points=(x, "4d"))) for call in views)
        yield gan.Discriminator(2).generator_gradient, dict(points=(x, "4d"), saturating=(True, "True"))
    if room == "training":
        critic, u = gan.Critic(2).network, torch.tensor(x)
        yield gan.clip_weights, dict(parameters=([*critic.parameters()], "tensor"), c=(0.1, ""))
        yield gan.gradient_norms, dict(critic=(critic, "class function"), points=(u, "tensor"))
        yield gan.gradient_penalty, dict(norms=(torch.ones(3), "tensor"), one_sided=(False, "True"))
        t = torch.rand(4, 1, dtype=u.dtype)
        yield gan.interpolate, dict(real=(u, ""), fake=(u, ""), t=(t, ""))
        yield (
            gan.get_recipe,
            dict(recipe=("mlp", ""), batch_size=(8, ""), ema=(0.0, ""), betas=((0.5, 0.9), "")),
        )
        device = ("cpu", "None")
        yield (
            gan.load_generator,
            dict(name=("dcgan", ""), device=device),
            dict(name="name|generator", device="prefer"),
        )
        trainer = gan.PointTrainer(toy.ring(), batch_size=8, device="cpu")
        setup = dict(recipe=(gan.POINTS, ""), device=device, seed=(0, ""))
        yield gan.PointTrainer, dict(distribution=(toy.ring(), "")) | setup, dict(device="prefer")
        small = gan.get_recipe("mlp", latent_dim=8, generator_widths=(16,), discriminator_widths=(16,))
        pictured = dict(images=(pixels, "")) | setup | dict(recipe=(small, ""))
        yield gan.AdversarialTrainer, pictured, dict(device="prefer")
        yield gan.PointCloud, dict(points=(x, ""))
        yield apps.conditional_app, dict(scale=(1.0, ""))
        yield apps.gan_app, dict(images=(pixels, "None"), recipe=("mlp", ""), scale=(1.0, ""))
        yield trainer.turn, dict(player=("both", ""))
        yield trainer.run, dict(steps=(1, ""))
        yield trainer.change, dict(generator_learning_rate=(1e-3, ""), optimizer=("adam", ""))
        yield trainer.sample, dict(n=(3, ""), seed=(0, "None"))
        yield trainer.generate, dict(z=(np.zeros((3, 2)), "empty"))
        yield trainer.load_state_dict, dict(state=(trainer.state_dict(), ""))
        told = gan.AdversarialTrainer(
            digits, small.replace(conditioning="projection", attributes=("ink",)), device="cpu"
        )
        asked = dict(labels=([1, 2, 3], "None"), ink=(0.1, ""))
        yield told.sample, dict(n=(3, ""), seed=(0, "None")) | asked, dict(n="n|labels")
        yield told.generator.conditions, dict(labels=([1, 2, 3], "[]"), ink=(0.1, ""))
        told.generator.latent_dim = 8
        yield style_directions, dict(generator=(told.generator, ""), n=(9, ""), seed=(0, ""))
        grey, low = torch.zeros(2, 1, 28, 28), torch.zeros(2, 1, 7, 7)
        yield upscale.shrink, dict(pictures=(grey, ""))
        yield upscale.bicubic, dict(small=(low, ""))
        yield upscale.psnr, dict(pictures=(grey, ""), originals=(grey, ""))
        enlarger = dict(images=(pixels, ""), recipe=("pixel", ""), eyes=(None, "None class function"))
        yield upscale.UpscaleTrainer, enlarger | dict(device=device, seed=(0, "")), dict(device="prefer")
        enlarger = upscale.UpscaleTrainer(pixels, device="cpu")
        yield enlarger.upscale, dict(small=(low, ""))
        yield upscale.save_upscaler, dict(trainer=(enlarger, ""), path=("mine.safetensors", "word"))
        weights = dict.fromkeys(("pixel_weight", "perceptual_weight", "adversarial_weight"), (1.0, ""))
        sizes = dict(channels=(4, ""), discriminator_widths=((2, 4), ""), batch_size=(8, ""))
        yield upscale.UpscaleRecipe, dict(name=("mine", "word")) | weights | sizes
        shipped = dict(name=("pixel", ""), device=device)
        yield upscale.load_upscaler, shipped, dict(name="name|checkpoints", device="prefer")
        yield training.ExponentialMovingAverage, dict(module=(critic, ""), decay=(0.9, ""))
        rates = dict(lr=(0.1, ""), weight_decay=(0.0, ""), optimism=(1.0, ""), maximize=(False, "True"))
        adam = dict(betas=((0.5, 0.9), ""), eps=(1e-8, ""))
        own = [*critic.parameters()]  # of wrong ones torch speaks, as of its own optimizers
        yield lambda **settings: optimizers.OptimisticAdam(own, **settings), rates | adam
        yield lambda **settings: optimizers.OptimisticSGD(own, **settings), rates | dict(momentum=(0.0, ""))
        yield runtime.seed_everything, dict(seed=(0, ""))
        yield runtime.device, dict(prefer=("cpu", "None"))
    if room == "playground":
        trainer, data, seed = gan.PointTrainer(toy.ring(), device="cpu"), (toy.ring(), ""), (0, "")
        square = dict(points=(x, ""), view=(3.0, ""), cells=(20, ""), bandwidth=(0.1, ""))
        yield plane.smoothed_histogram, square
        yield plane.grid_jsd, dict(x=(x, ""), y=(y, ""))
        sizes = dict(n=(20, ""), n_grid=(50, ""), seed=seed)
        yield plane.measure, dict(trainer=(trainer, "")) | sizes
        yield plane.floor, dict(distribution=data) | sizes
        yield from (
            (call, dict(trainer=(trainer, ""), n=(5, ""))) for call in (plane.evaluation_points, plane.scene)
        )
        yield Session, dict(data=("ring", ""), seed=seed, bug=("none", ""))
        yield Session().move, dict(move=("B", ""))
        yield Session().go, dict(step=(0, ""))
        yield Session().change, dict(checkpoint=("playground_prepared", ""))
        yield (
            (lambda schedule: Session().replay(schedule)),
            dict(schedule=(1, "")),
            dict(schedule="schedule|move|'a'"),
        )
        yield make_data, dict(data=("ring", ""))
        yield read_csv, dict(content=(b"1,2\n3,4", ""), most=(5, ""))
        yield scaled_to_view, dict(points=(x, ""))
        yield (
            apps.playground_app,
            dict(session=(None, "None"), points=(20, ""), prepared=(0, ""), scale=(1.0, "")),
        )
        one = dict(subject=(Preset("look", 10, see="", claim={}), ""), seed=(0, "None"), steps=(10, "None"))
        yield outcome, one, dict(subject="first argument")
    if room == "attacks":
        model, draw = attacks.DigitNetwork("linear"), (torch.Generator(), "None")
        x, y = torch.rand(3, 1, 28, 28), torch.tensor([1, 2, 3])
        one = dict(model=(model, ""), x=(x, ""), y=(y, ""), epsilon=(0.1, ""), bounds=((0, 1), "None"))
        yield attacks.fgsm, one
        many = one | dict(steps=(2, ""), step_size=(0.1, "None"), random_start=(True, "True"), generator=draw)
        many |= dict(norm=("l2", ""), loss=("margin", ""))
        yield attacks.pgd, many | dict(restarts=(2, ""))
        yield attacks.pgd_path, many
        yield attacks.random_signs, one | dict(model=(model, "class function"), generator=draw)
        pair = dict(model=(model, ""), images=(x, ""), labels=(y, ""))
        more = dict(images="images|labels")
        yield attacks.accuracy, pair | dict(bounds=((0, 1), "None")), more
        yield (
            attacks.robust_accuracy,
            pair
            | dict(
                epsilon=(0.1, ""),
                attack=(attacks.fgsm, "class function"),
                norm=("linf", ""),
                bounds=((0, 1), "None"),
            ),
            more,
        )
        yield attacks.margins, dict(scores=(torch.rand(3, 4), ""), y=(y, "")), dict(scores="scores|y")
        made = dict(
            model=(model, ""), x=(x, ""), target=(1, ""), side=(3, ""), steps=(1, ""), step_size=(0.1, "")
        )
        yield attacks.patch, made | dict(batch=(2, ""), generator=draw, bounds=((0, 1), ""))
        yield attacks.paste, dict(x=(x, ""), patch=(x[0, :, :3, :3], ""), generator=draw)
        yield attacks.DigitNetwork, dict(architecture=("mlp", ""))
        yield model, dict(x=(x, ""))
        size, steps = (0.1, ""), (3, "")
        recipe = dict(name=("mine", "word"), architecture=("mlp", ""), begins_with=("cnn", ""), ramp=steps)
        recipe |= dict(
            attack_steps=steps,
            epsilon=size,
            step_size=size,
            batch_size=steps,
            ema=size,
            betas=((0.9, 0.9), ""),
        )
        recipe |= dict.fromkeys(("project", "clamp", "random_start"), (True, "True"))
        recipe |= dict(
            optimizer=("adam", ""), model_learning_rate=size, decay_steps=steps, precision=("float32", "")
        )
        yield attacks.DigitRecipe, recipe | dict(quick_steps=steps, full_steps=steps)
        setup = dict(images=(digits, ""), recipe=("linear", ""), device=("cpu", "None"), seed=(0, ""))
        yield attacks.DigitTrainer, setup | dict(start=(model, "None")), dict(device="prefer")
        load = dict(name=("linear", ""), device=("cpu", "None"))
        yield attacks.load_digit_network, load, dict(name="name|checkpoints", device="prefer")
        yield attacks.save_digit_network, dict(model=(model, ""), path=("mine.safetensors", "word"))
        yield apps.attacks_app, dict(images=(digits, "None"), scale=(1.0, ""))
    if room == "style":
        network, picture = (
            style.load_features("embedded", device="cpu"),
            np.random.default_rng(0).random((40, 40, 3)),
        )
        side, some, weight, switch = (32, ""), (["fire2"], "None"), (1.0, ""), (False, "True")
        transfer = dict(content=(picture, ""), style=(picture, ""), style_weights=([1.0], "None"), size=side)
        transfer |= dict(
            features=(network, ""), style_size=(32, "None"), start=("content", ""), alpha=weight, beta=weight
        )
        transfer |= dict(total_variation=weight, layer_weights=({"fire2": 1.0}, "None"), content_layers=some)
        transfer |= dict(style_layers=some, normalization=("gatys", ""), optimizer=("adam", ""), seed=(0, ""))
        transfer |= dict(
            learning_rate=(0.1, "None"), pyramid=(1, ""), steps_per_level=(3, ""), keep_colours=switch
        )
        transfer |= dict(parametrisation=("pixels", ""), border=(8, ""))
        words = dict(content_layers="layer", style_layers="layer", features="features|name")
        yield (
            style.StyleTransfer,
            transfer | dict(precision=("float32", ""), device=("cpu", "None")),
            words | dict(device="prefer"),
        )
        two = dict(picture=(picture, ""), style=(picture, ""))
        yield style.style_distance, two | dict(features=(network, ""))
        yield style.patch_distance, two | dict(levels=(2, ""), seed=(0, ""))
        features, image = (torch.rand(1, 3, 4), ""), (torch.rand(1, 3, 4, 4), "")
        yield style.gram_matrix, dict(features=features)
        yield style.content_loss, dict(features=features, target=features)
        gram = (torch.rand(1, 3, 3), "")
        yield style.style_loss, dict(features=features, target_gram=gram, normalization=("gatys", ""))
        yield style.total_variation, dict(image=(image[0], "tensor"))
        yield network, dict(image=(torch.rand(1, 3, 32, 32), ""), layers=some)
        yield (
            lambda **given: style.reconstruct_content(size=32, steps=1, **given),
            dict(image=(picture, ""), features=(network, ""), layer=("fire2", "")),
            dict(image="content|style", features="features|name"),
        )
        yield (
            lambda **given: style.synthesise_texture(size=32, steps=1, **given),
            dict(style=(picture, ""), features=(network, ""), layers=some),
            dict(style="content|style", features="features|name"),
        )
        app = dict(content=("china", ""), style=("waves", ""), features=(network, ""), folder=(".", "word"))
        yield (
            apps.style_app,
            app | dict(prepared=(1, ""), wipe=(0.2, ""), scale=(1.0, "")),
            dict(features="features|name"),
        )
        load = dict(
            name=("embedded", ""),
            pooling=("max", ""),
            path=(None, "None"),
            download=switch,
            taps=some,
            untrained=(None, "None"),
        )
        yield (
            style.load_features,
            load | dict(device=("cpu", "None")),
            dict(device="prefer", taps="layer", path="path|file"),
        )

    if room == "exercises":
        task = dict(number=("1.4", ""))
        yield from ((call, task) for call in (exercises.hint, exercises.solution, exercises.reset))
        yield lambda number: exercises.check(number, 0.5), task
        numbers = "word nan True -1 ragged 4d nans tensor"  # or a word
        guess = dict(guess=(0.3, numbers), computed=(0.2, f"{numbers} None"))
        yield exercises.predict, dict(number=("1.a", "")) | guess
        yield exercises.question, dict(number=("1.a", ""))
    if room == "vae":
        model, x = vae.VAE(2, (8,), data_dim=5), (rng.integers(0, 2, (4, 5)).astype(float), "")
        sizes = dict(latent_dim=(2, ""), likelihood=("gaussian", ""))
        yield vae.VAE, sizes | dict(widths=((8,), "[]"), data_dim=(5, ""))
        draws = dict(samples=(2, ""), generator=(None, "None"))
        data = dict(model=(model, ""), x=x)
        yield from ((call, data | draws) for call in (vae.elbo, vae.importance_weighted_bound))
        grid = dict(q=(None, "None"), side=(41, ""), reach=(5.0, ""), tolerance=(0.5, ""))
        yield from ((call, data | grid) for call in (vae.log_evidence_on_grid, vae.kl_to_posterior))
        yield vae.gaussian_kl, dict(mean=(np.ones((4, 3)), ""), log_variance=(np.ones((4, 3)), ""))
        yield model.encode(x[0]).sample, draws
        yield model.encode, dict(x=(x[0], "tensor"))
        yield model.decode, dict(z=(np.zeros((4, 2)), "empty 4d"))
        yield model.log_likelihood, dict(x=x, z=(np.zeros((4, 2)), ""))
        yield vae.binarise, dict(x=(np.full(3, 0.5), "4d"), generator=(None, "None"))
        recipe = vae.VAERecipe("mine", latent_dim=2, widths=(8,))
        settings = dict(name=("mine", "word"), widths=((8,), ""), beta=(1.0, ""), batch_size=(8, ""))
        yield vae.VAERecipe, settings | sizes
        trained = dict(images=(pixels, ""), recipe=(recipe, ""), device=("cpu", "None"), seed=(0, ""))
        yield vae.VAETrainer, trained, dict(device="prefer")
        trainer = vae.VAETrainer(pixels, recipe, device="cpu")
        yield trainer.sample, dict(n=(3, ""), seed=(0, "None"))
        adversarial = dict(prior=("normal", ""), judge_widths=((8,), ""), judge_learning_rate=(0.1, ""))
        yield vae.AAERecipe, settings | sizes | adversarial
        adversarial = vae.AAERecipe("mine", latent_dim=2, widths=(8,))
        yield vae.AAETrainer, trained | dict(recipe=(adversarial, "")), dict(device="prefer")
        adversarial = vae.AAETrainer(pixels, adversarial, device="cpu")
        yield adversarial.prior_batch, dict(n=(3, ""))
        yield vae.save_vae, dict(trainer=(trainer, ""), path=("mine.safetensors", "word"))
        shipped = dict(name=("vae-2", ""), device=("cpu", "None"))
        yield vae.load_vae, shipped, dict(name="name|file", device="prefer")
        yield apps.vae_app, dict(images=(digits, ""), scale=(1.0, ""))
    if room == "translation":
        device = dict(device="prefer")
        split = dict(images=(digits, ""), held_out=(400, ""), seed=(0, ""))
        yield (
            translation.inverted,
            split | dict(digits=((3, 7), ""), only_x=((8,), "[] empty"), mixed=(True, "True")),
        )
        yield from ((call, split) for call in (translation.coloured, translation.outlined))
        yield (
            translation.clouds,
            dict(weights=((1, 2), ""), turn=(30.0, "-1"), std=(0.1, ""), n=(8, ""), seed=(0, "")),
        )
        pairs, modes = translation.inverted(digits), (translation.clouds(n=8), "")
        sides = dict(x=(pairs.x, ""), y=(pairs.y, ""), known=(torch.neg, ""), name=("mine", "word"))
        yield translation.Domains, sides
        yield from ((call, dict(domains=modes)) for call in (translation.matchings, translation.cheapest))
        way = dict(forward_map=(torch.neg, ""), backward_map=(torch.neg, ""), domains=(pairs, ""))
        yield translation.mark, way
        hidden = way | dict(probe=(None, "None function"))
        yield translation.hidden_information, hidden
        yield translation.baselines, dict(domains=(pairs, ""))
        yield translation.noise, dict(size=(0.1, ""), seed=(0, ""))
        reads = (lambda x: torch.zeros(len(x), 10), "")
        yield (
            translation.moves,
            dict(translate=(torch.neg, ""), domains=(pairs, ""), judge=reads, kinds=((3,), "")),
        )
        yield translation.found_matching, dict(forward_map=(torch.neg, ""), domains=modes)
        yield (
            translation.mode_map,
            dict(sources=(y, ""), targets=(x, ""), order=((0, 2, 1), "")),
            dict(sources="sources|order", targets="targets|order"),
        )
        weights = dict(gan_weight=(1.0, ""), cycle_weight=(1.0, ""), identity_weight=(1.0, ""))
        settings = weights | dict(
            widths=((8,), "[]"), critic_widths=((8,), ""), pool=(4, ""), batch_size=(4, "")
        )
        yield translation.CycleRecipe, settings | dict(name=("mine", "word"), game=("lsgan", ""))
        small = translation.RECIPES["cycle"].replace(widths=(4,), critic_widths=(4,), batch_size=2)
        trained = dict(
            domains=(pairs, ""), recipe=(small, ""), encoder=(None, "None"), device=("cpu", "None")
        )
        yield translation.CycleTrainer, trained | dict(seed=(0, "")), device
        trainer = translation.CycleTrainer(pairs, small, device="cpu")
        yield translation.save_translation, dict(trainer=(trainer, ""), path=("mine.safetensors", "word"))
        file = str(translation.save_translation(trainer, "small.safetensors"))
        shipped = dict(name=(file, ""), device=("cpu", "None"))
        yield translation.load_translation, shipped, device | dict(name="name|checkpoints")
        yield translation.ReplayPool(2, torch.Generator()).swap, dict(made=(torch.zeros(2, 3), "tensor"))
        network = attacks.load_digit_network("cnn", "cpu")
        yield (
            translation.GivenEncoder,
            dict(network=(network, ""), domains=(pairs, ""), both=(True, "True")),
        )


ROOMS = (
    "divergences transport games toy datasets recording metrics judges training playground style vae attacks exercises "
    "translation"
).split()


@pytest.mark.parametrize("room", ROOMS)
def test_what_an_argument_cannot_be_is_refused_by_its_name(room, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_PROGRESS", "progress.json")
    faults = []
    for call, arguments, *words in rows(room):
        works = {name: value for name, (value, _) in arguments.items()}
        for name, (_, fine) in arguments.items():
            word = (words[0] if words else {}).get(name, name)
            for kind in set(BAD) - set(fine.split()):
                if fault := trial(call, works | {name: BAD[kind]}, word):
                    faults.append(
                        f"{getattr(call, '__qualname__', type(call).__name__)}({name}={kind}) {fault}"
                    )
    assert not faults, "\n".join(sorted(faults))


def trial(call, given, word):
    """What is wrong with how this was refused; nothing where nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = call(**given)
    except (ValueError, FileNotFoundError, TypeError) as error:
        frame, said = traceback.extract_tb(error.__traceback__)[-1], str(error)
        if "course_utils" not in frame.filename or not frame.line.startswith("raise"):
            return f"{type(error).__name__} of {frame.filename}:{frame.lineno}: {said}"
        unnamed = not any(part in said for part in word.split("|"))
        return f"does not say {word}: {said}" if unnamed else ""
    except Exception as error:
        return f"raises {error!r}"
    return f"gives {result!r:.60}"


def test_the_calls_work_with_the_right_arguments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_PROGRESS", "progress.json")
    for room in set(ROOMS) - {"datasets", "recording"}:  # without files
        for call, arguments, *_ in rows(room):
            call(**{name: value for name, (value, _) in arguments.items()})
