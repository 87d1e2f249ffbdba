"""Old names still work: modules moved, and notebooks and files that students saved before do not know."""

import importlib
import json
import pickle
import subprocess
import sys

import pytest

from course_utils import _moved
from course_utils.recording.curves import Curve, thin

# Every import from the package that a lesson has ever had. `draw` and others are bound more than once: each line runs
# on its own. The last one is what Share hands out.
LINES = """
from course_utils import divergences as dv
from course_utils import line_distances as ld
from course_utils import linear_dynamics as theory
from course_utils import runtime
from course_utils import transport as ot
from course_utils.apps.couplings import couplings_app
from course_utils.apps.games import games_app
from course_utils.apps.gan import gan_app
from course_utils.apps.jsd import jsd_app
from course_utils.apps.parallel_lines import parallel_lines_app
from course_utils.apps.playground import playground_app
from course_utils.apps.point_clouds import point_clouds_app
from course_utils.apps.replay import replay_app
from course_utils.apps.style import style_app
from course_utils.apps.transport import move_the_dirt_app
from course_utils.critics import Critic, Discriminator
from course_utils.datasets import load_images
from course_utils.divergences import js_divergence_continuous
from course_utils.games import bilinear, dirac_gan, gaussian_mean_game, simulate
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan import plane
from course_utils.gan.metrics import frechet_distance, look, memorisation, mode_coverage, nearest_neighbours
from course_utils.gan.metrics import mixture_coverage
from course_utils.gan.penalties import clip_weights, gradient_norms, interpolate
from course_utils.gan.playground import DATA, Session
from course_utils.gan.presets import PRESETS, outcome
from course_utils.gan.pretrained import load_generator
from course_utils.gan.toy import ToyGAN
from course_utils.optimizers import OptimisticAdam
from course_utils.pictures import open_picture, sample_pictures
from course_utils.plots import critics, style
from course_utils.plots import divergences as draw
from course_utils.plots import games as draw
from course_utils.plots import images as draw
from course_utils.plots import parallel_lines as draw
from course_utils.plots import quality, style, training
from course_utils.plots import style, style_transfer
from course_utils.plots import transport as draw
from course_utils.plots.architecture import draw_architecture
from course_utils.plots.latents import draw_equation
from course_utils.plots.playground import draw_scene
from course_utils.recording import load_recording
from course_utils.runtime import REPOSITORY, profile, seed_everything
from course_utils.style import StyleTransfer, content_loss, gram_matrix, load_features, reconstruct_content
from course_utils.style import style_loss, synthesise_texture, total_variation
from course_utils.toy import parallel_lines, ring
from course_utils.transport import earth_movers_distance, kantorovich_potential
from course_utils.gan.playground import Session; session = Session('ring', 0, clip=0.1).replay(3, {'clip': 0.2}, 'DG')
""".strip().splitlines()

# What each module had when all of them lay flat on the root and in gan/. A name that is renamed keeps its old spelling
# here and there; one that is taken away on purpose leaves this table too.
NAMES = """
critics: Critic Discriminator Judge Samples
curves: Curve POINTS thin
datasets: Images SHA256 SIDE load_digits_stand_in load_images load_mnist
dirac: Term dirac_gan
divergences: LOG_2 gan_value js_divergence js_divergence_continuous js_integrand kl_divergence
divergences: kl_divergence_continuous optimal_discriminator pointwise_value
dynamics: METHODS Trajectory alternating consensus extragradient momentum optimistic simulate simultaneous
games: Game METHODS Trajectory bilinear convex_concave dirac_gan gaussian_mean_game nonconvex simulate with_consensus
gan: AdversarialTrainer RECIPES Recipe
gan.bugs: BUGS BatchNormEps BatchNormGenerator MissingDetach TanhGenerator
gan.checkpoints: CheckpointError load_checkpoint resume save_checkpoint
gan.classifier: CLASSES DigitClassifier load_classifier
gan.ema: ExponentialMovingAverage
gan.frechet: frechet_distance
gan.loop: AdversarialLoop METRICS
gan.metrics: MixtureCoverage ModeCoverage Seen features frechet_distance look memorisation mixture_coverage
gan.metrics: mode_coverage nearest_neighbours
gan.minibatch: MinibatchDiscrimination MinibatchStandardDeviation
gan.neighbours: Memorisation Neighbours memorisation nearest_neighbours
gan.networks: DCGANDiscriminator DCGANGenerator MLPDiscriminator MLPGenerator PointGenerator
gan.objectives: OBJECTIVES Objective critic_generator_loss critic_loss discriminator_loss
gan.objectives: non_saturating_generator_loss saturating_generator_loss
gan.penalties: PENALTIES clip_weights gradient_norms gradient_penalty interpolate
gan.plane: Measures evaluation_points floor grid_jsd manifold measure pulls scene smoothed_histogram surface
gan.playground: DATA Data Diverged Session make_data read_csv scaled_to_view
gan.points: POINTS PointCloud PointTrainer
gan.presets: PRESETS Preset outcome
gan.pretrained: load_generator save_generator
gan.recipes: RECIPES Recipe get_recipe
gan.toy: ToyGAN
gan.trainer: AdversarialTrainer
line_distances: DISTANCES Distance discriminator_on_fakes js_divergence js_gradient kl_divergence kl_gradient
line_distances: wasserstein wasserstein_gradient
linear_dynamics: OPTIMISTIC_LIMIT STEP_MATRICES alternating_invariant eigenvalues jacobian radius_factor step_matrix
machine: describe_machine
measures: as_points ground_cost
optimizers: OptimisticAdam OptimisticSGD
pictures: LARGEST open_picture sample_pictures save_picture
plots.style: ACCENT DATA DISCRIMINATOR GENERATOR MUTED SECOND THEORY THIRD context use
recording: Recording RunRecorder load_recording recordings schedule
rerouting: Step marginal_errors next_step overpayment prices
runtime: data_dir device profile seed_everything shipped
sinkhorn: SinkhornCurve sinkhorn_curve
style: FeatureNetwork StyleTransfer content_loss gram_matrix load_features reconstruct_content style_loss
style: synthesise_texture total_variation
style.features: FeatureNetwork load_features
style.lbfgs: ProjectedLBFGS
style.losses: content_loss gram_matrix style_factor style_loss total_variation
style.networks: NETWORKS squeezenet vgg19
style.reconstruct: reconstruct_content synthesise_texture
style.transfer: StyleTransfer
toy: GaussianMixture Line NoisyCurves grid parallel_lines ring spiral two_moons
transport: PiecewiseUniform SinkhornCurve Transport binary_couplings earth_movers_distance kantorovich_potential
transport: sinkhorn_curve wasserstein_1d
transport_1d: PiecewiseUniform wasserstein_1d
two_player: Game with_consensus
""".strip().splitlines()

# In an interpreter of its own, which loads torch and the other libraries once.
FRESH = """
import importlib, json, sys

def told(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

"""


def in_a_fresh_interpreter(code: str, work: list) -> list:
    """What ``code``, which defines ``do(item)``, answers to each item, one after the other."""
    script = f"{FRESH}{code}\nprint(json.dumps([told(do, item) for item in json.load(sys.stdin)]))"
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(work), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_import_line_that_a_lesson_ever_had_still_works():
    answers = in_a_fresh_interpreter("def do(line):\n    exec(line, {})", LINES)
    assert {line: answer for line, answer in zip(LINES, answers, strict=True) if answer} == {}


def test_every_old_module_still_has_its_names():
    for line in NAMES:
        name, names = line.split(":")
        module = importlib.import_module(f"course_utils.{name}")
        assert [each for each in names.split() if not hasattr(module, each)] == [], name


@pytest.mark.parametrize("first", ["old", "new"])
def test_both_names_give_one_module_whichever_comes_first(first):
    """With its new name and spec, so that it can be pickled from and reloaded."""
    code = f"""
def do(item):
    old, new = (f"course_utils.{{name}}" for name in item)
    for name in (old, new) if {first!r} == "old" else (new, old):
        importlib.import_module(name)
    module = sys.modules[new]
    parent, _, leaf = old.rpartition(".")
    same = sys.modules[old] is module and getattr(sys.modules[parent], leaf) is module
    return same and module.__name__ == module.__spec__.name == new and importlib.reload(module) is module
"""
    answers = in_a_fresh_interpreter(code, list(_moved.MOVED.items()))
    assert dict(zip(_moved.MOVED, answers, strict=True)) == dict.fromkeys(_moved.MOVED, True)


def test_what_is_replaced_under_the_old_name_is_replaced_under_the_new(monkeypatch):
    monkeypatch.setattr("course_utils.machine.profile", lambda: "borrowed")
    from course_utils import runtime

    assert runtime.profile() == "borrowed"


def test_what_was_pickled_under_an_old_name_can_be_read():
    curve = thin([1, 2, 3], [0.5, 0.25, 0.125])
    now = pickle.dumps(curve, protocol=0)
    before = now.replace(b"course_utils.recording.curves", b"course_utils.curves")
    assert before != now
    read = pickle.loads(before)
    assert type(read) is Curve
    assert [list(read.steps), list(read.values)] == [[1, 2, 3], [0.5, 0.25, 0.125]]


def test_a_name_that_never_was_is_no_module():
    with pytest.raises(ModuleNotFoundError, match="course_utils.fairy_dust"):
        import course_utils.fairy_dust  # noqa: F401
