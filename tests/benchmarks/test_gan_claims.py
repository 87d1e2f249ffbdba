"""What benchmarks/gan_verdicts.py sums the runs of gan_claims.py up by, on series whose answer is known."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

NOISE = 1000.0


@pytest.fixture(scope="module")
def claims():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
        yield importlib.import_module("gan_verdicts")


def a_run(distances, *, way="gan", condition="plain", seed=0, modes=10, told=None, finite=True):
    """Twelve moments of a run of 1,200 steps."""
    told = distances if told is None else told
    moments = [
        {"step": 100 * (i + 1), "frechet": d, "modes": modes, "kl": d / 1000, "told": t, "w1": -d}
        for i, (d, t) in enumerate(zip(distances, told, strict=True))
    ]
    about = {"way": way, "condition": condition, "seed": seed, "steps": 1200}
    return {**about, "finite": finite, "moments": moments}


def summed_up(claims, *args, **kwargs):
    run = a_run(*args, **kwargs)
    return run | claims.measures(run, NOISE)


FALLING = 900 * np.exp(-np.arange(12) / 8)
SWINGING = FALLING * np.exp(0.3 * (-1.0) ** np.arange(12))


def test_a_run_that_still_improves_does_not_swing(claims):
    found = summed_up(claims, FALLING)
    assert found["swing"] == pytest.approx(0, abs=1e-6)
    assert found["setback"] == 1
    assert found["works"]
    assert found["reached"] == 500  # 900 exp(-4 / 8) is the first below 600
    assert found["reached_kl"] == pytest.approx(0.9 * np.exp(-4 / 8))


def test_a_run_that_swings_is_measured_by_how_much(claims):
    found = summed_up(claims, SWINGING)
    late = np.arange(8, 12)
    line = stats.linregress(late, np.log(SWINGING[late]))
    rest = np.log(SWINGING[late]) - line.slope * late - line.intercept
    assert found["swing"] == pytest.approx(np.sqrt(np.sum(rest**2) / 2), abs=1e-4)
    assert found["setback"] == pytest.approx(np.exp(0.6 - 1 / 8), rel=0.01)


def test_a_run_that_diverged_or_never_came_near_does_not_work(claims):
    assert not summed_up(claims, FALLING, finite=False)["works"]
    far = summed_up(claims, np.full(12, 700.0))
    assert (far["works"], far["reached"]) == (False, None)
    lost = summed_up(claims, [500.0] * 6 + [900.0] * 6)  # it worked once, and not at the end
    assert (lost["works"], lost["setback"]) == (False, 1.8)


def test_a_slow_run_works_as_soon_as_it_is_near(claims):
    assert summed_up(claims, [900.0] * 11 + [500.0], condition="slow")["works"]
    assert not summed_up(claims, [900.0] * 12, condition="slow")["works"]


@pytest.mark.parametrize(("ours", "theirs", "verdict"), [
    (FALLING * np.exp(0.01 * (-1.0) ** np.arange(12)), SWINGING, "holds"),
    (SWINGING, FALLING * np.exp(0.01 * (-1.0) ** np.arange(12)), "fails"),
    (SWINGING, SWINGING, "undecided"),
    (np.full(12, 900.0), SWINGING, "fails"),  # as quiet as can be, and nothing learned
])  # fmt: skip
def test_steadier_is_who_swings_less_and_fails_no_more(claims, ours, theirs, verdict):
    rng = np.random.default_rng(0)
    runs = []
    for condition in claims.STRESSED:
        for way, series in (("wgan-gp", ours), ("gan", theirs)):
            shaken = series * np.exp(0.002 * rng.normal(size=12))
            runs.append(summed_up(claims, shaken, way=way, condition=condition))
    found = claims.comparison(runs, "wgan-gp", "gan")
    assert found["verdict"] == verdict
    assert found["pairs"] == 4
    logs = [np.log(a["swing"] / b["swing"]) for a, b in zip(runs[::2], runs[1::2], strict=True)]
    low, high = stats.t.interval(0.95, 3, np.mean(logs), stats.sem(logs))
    assert found["swing"][1:] == pytest.approx(np.exp([low, high]), abs=2e-3)


def test_a_meaningful_number_falls_with_the_distance_in_all_seeds(claims):
    rng = np.random.default_rng(1)
    runs = [
        summed_up(
            claims, FALLING, seed=seed, told=sign * FALLING * np.exp(0.03 * rng.normal(size=12)), way=way
        )
        for way, sign in (("wgan-gp", 1), ("gan", -1))
        for seed in range(3)
    ]
    rows = {row["way"]: row for row in claims.correlations(runs)}
    assert (rows["wgan-gp"]["verdict"], rows["gan"]["verdict"]) == ("holds", "fails")
    rho = [stats.spearmanr([m["told"] for m in r["moments"]], r["moments"] and FALLING)[0] for r in runs[:3]]
    assert rows["wgan-gp"]["all"][0] == pytest.approx(
        np.tanh(np.mean(np.arctanh(np.minimum(rho, 0.9999)))), abs=1e-3
    )
    assert rows["gan"]["w1"][0] == pytest.approx(-1, abs=1e-3)
    few = claims.correlations([run for run in runs if run["seed"] < 2])
    assert [row["verdict"] for row in few] == ["undecided"] * 2  # two seeds decide nothing


@pytest.mark.parametrize(
    ("five", "twenty", "verdict"),
    [
        ((10, 10), (9, 8), "holds"),
        ((10, 9), (10, 9), "fails"),
        ((10, 10), (10, 9), "undecided"),
        ((), (), "undecided"),
    ],
)
def test_many_critic_steps_are_judged_at_the_same_step_seed_by_seed(claims, five, twenty, verdict):
    runs = []
    for seed, (few, many) in enumerate(zip(five, twenty, strict=True)):
        runs.append(a_run(FALLING, way="wgan-gp", seed=seed, modes=few))
        runs.append(a_run(FALLING[:4], way=claims.MANY, seed=seed, modes=many))
    found = claims.critic_steps(runs)
    assert found["verdict"] == verdict
    assert [(row["five"]["step"], row["twenty"]["step"]) for row in found["rows"]] == [(400, 400)] * len(five)


def test_the_stored_tables_follow_from_the_stored_runs(claims):
    path = Path(__file__).parents[2] / "data" / "measured" / "gan_claims.json"
    stored = json.loads(path.read_text())
    runs = [run | claims.measures(run, stored["noise"]) for run in stored["runs"]]
    assert runs == stored["runs"]
    compared = [run for run in runs if run["steps"] == stored["steps"]]
    assert claims.summary(compared) == stored["summary"]
    rows = [claims.comparison(compared, row["way"], row["against"]) for row in stored["comparisons"]]
    assert rows == stored["comparisons"]
    assert claims.correlations([*compared, *claims.convolutional()]) == stored["correlations"]
    assert claims.critic_steps(runs) == stored["critic_steps"]
