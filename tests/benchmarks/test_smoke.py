"""Every benchmark still runs: in seconds, with sizes at which its numbers mean nothing."""

import importlib
import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat.v4 as nb
import pytest
import torch

from course_utils.datasets import load_digits_stand_in
from course_utils.style import load_features

FOLDER = Path(__file__).parents[2] / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@cache
def digits(split="train"):
    """The stand-in in MNIST's place, parted as MNIST is."""
    both, part = load_digits_stand_in(), slice(0, 1000) if split == "train" else slice(1000, None)
    return replace(both, pixels=both.pixels[part], labels=both.labels[part])


def painter(name, **where):
    """The network that ships, in the place of one whose weights must be downloaded."""
    return load_features("embedded" if name == "squeezenet" else name, **where)


def once(calls, rounds):
    """In the place of rounds that take turns: every call, and a time of which nothing is read."""
    return {
        name: (call(), dict.fromkeys(("median", "low", "high"), 1.0))[1] for name, (call, _) in calls.items()
    }


def no_results(name):
    raise FileNotFoundError(name)


MNIST = {"load_mnist": digits}
RESULTS = {"load_results": no_results, "store_results": lambda name, results: None}
RATES = {"product_rates": lambda: {"float32": 1e9, "bfloat16": 1e9}}
PLAYED = {"short": ("a ring that works", {"steps": 20})}
SHORT = {"STEPS": 6, "EVERY": 1, "JUDGED": 100, "MINIBATCH": 16}
FEW = {"timed": lambda action, times: (action(), action()) and (1.0, 1.0)}

# name -> command line, and what is replaced in the script: sizes that have no option, and files
TINY = {
    "adversarial": (
        "--seeds 1 --pictures 20 --steps 2 --ways cnn projected strong",
        {"MORE": 2, "STARTS": 2, "STRONG": slice(1), **MNIST, **RESULTS},
    ),
    "apps": ("--rounds 1", {"STOPS": 2, "FRAMES": 2, "APPS": slice(0, 6, 5), "LESSONS": slice(1, 2)}),
    "exercises": ("--lessons 4", {}),
    "conditional": (
        "",
        {"SECONDS": (0.01,), "ATTRIBUTE_SECONDS": 0.01, "ROUNDS": (1, 2), "COLLAPSE": slice(0, 5, 4), "JUDGED": 200,
         "FEW": 100, "BLOCK": 50, "RECIPES": slice(2), **MNIST, **RESULTS,
         "load_results": lambda name: {"equal": [{"recipe": "cgan", "seed": 0, "seconds": 1, "steps": 1}]}},
    ),
    "embedded_features": ("--size 32 --steps 1", {"PAIRS": slice(1), "load_features": painter}),
    "family": (
        "--steps 1",
        {"CRITICS": slice(6, 9), "TIPS": slice(4, 11, 3), "LATENTS": slice(2), "LOSSES": slice(2, 3), "JUDGED": 100,
         "CODED": 50, "ENDS": 20, **MNIST, **RESULTS},
    ),
    "games": ("--steps 200", {}),
    "gan": (
        "--rounds 1 --quick --threads 1",
        {"load_images": load_digits_stand_in, "measure": once, "LARGE": 64, **RATES},
    ),
    "gan_claims": ("--conditions plain --seeds 0 1", {**SHORT, **MNIST, **RESULTS}),
    "gan_quality": ("mlp --steps 2", {"JUDGED": 500, "MINIBATCH": 16, **MNIST, **RESULTS}),
    "gradient_age": ("--seeds 1 --steps 40 --ring-seeds 1 --ring-steps 16", {}),
    "lessons": ("--cells", {"LESSONS": slice(1)}),
    "minibatch_plans": ("--seeds 1 --looks 1 2", {"POINTS": 20, "REAL": slice(20)}),
    "mode_collapse": ("--seeds 0 --rounds 2", {"JUDGED": 128, "COMPARED": 20, "CASES": slice(2), **MNIST}),
    "optimistic_adam": ("--seeds 2 --steps 16", {"POINTS": 20}),
    "playground": (
        "--seeds 1",
        {"EXPERIMENTS": PLAYED, "CONTROLS": PLAYED, "CRITICS": slice(1), "DATA": slice(1), "CRITIC_STEPS": 2,
         "WATCHED": 0.1, **FEW},
    ),
    "other_seeds": ("", {"LESSONS": slice(0)}),
    "quadrature": ("--rounds 1", {"CASES": slice(1)}),
    "served_apps": ("--apps couplings", {}),
    "saturating_loss": ("--seeds 0 --steps 1 2", {"JUDGED": 100, "DISCRIMINATORS": slice(1), **MNIST}),
    "style": ("--size 32 --steps 4", {"memory": lambda *of: {"peak_mb": 0}, **RATES}),
    "style_claims": ("--size 64 --steps 2", {"PHOTOGRAPHS": slice(2), "STYLES": slice(2), "PAIRS": slice(1)}),
    "style_features": (
        "--size 64 --steps 2 --seeds 1",
        {"TEXTURES": slice(1), "TRANSFERS": slice(1), "REBUILT": slice(1), "LAYERS": slice(1), "JUDGES": slice(1),
         "load_features": painter},
    ),
    "threads": ("--rounds 1 --scale 0.01 --crowds 1", {"WAYS": slice(2, 4)}),
    "time_to_quality": (
        "--ways peer-wgan-gp --seeds 0 --steps 2 --speed --rounds 2",
        {"JUDGED": 500, "LOOKS": (), "OURS": slice(1), "PEERS": slice(1, 2), "TURN": 0, **MNIST, **RESULTS},
    ),
    "translation": (
        "--seeds 0 --steps 2",
        {"REPAIRS": slice(1, 10, 8), "PLANE": slice(1), **MNIST, **RESULTS},
    ),
    "transport": ("--sizes 10 20 --repeats 1", {}),
    "vae": (
        "--steps 2",
        {"SECONDS": (0.01,), "RING_SECONDS": (0.01,), "BETAS": slice(1), "SAMPLES": (1, 2), "JUDGED": 100, "BOUNDED": 4,
         "GRID": 41, "TOLERANCE": 1e9, **MNIST, **RESULTS},
    ),
}  # fmt: skip


@pytest.fixture
def load(monkeypatch):
    """Import a script of benchmarks/ as running it would; other tests do not see it afterwards."""
    before = torch.get_num_threads(), set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    torch.set_num_threads(before[0])
    for name in set(sys.modules) - before[1]:
        if name in NAMES:
            del sys.modules[name]


def shortened(value, part: slice):
    return dict(list(value.items())[part]) if isinstance(value, dict) else value[part]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "__main__" in (FOLDER / f"{name}.py").read_text()]
)
def test_it_prints_a_table_and_a_json_line(name, load, monkeypatch, capsys):
    assert name in TINY, f"give benchmarks/{name}.py a line in TINY"
    if name == "served_apps":
        pytest.importorskip("voila", reason="voila is not installed: make apps installs it")
    line, replaced = TINY[name]
    module = load(name)
    for constant, value in replaced.items():
        now = shortened(getattr(module, constant), value) if isinstance(value, slice) else value
        monkeypatch.setattr(module, constant, now)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *line.split()])
    module.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_lesson_starts_with_what_its_first_app_needs(load):
    lessons = load("lessons")
    assert lessons.to_first_app(["import x", "x.train()", "apps.vae_app(1)", "apps.gan_app()"]) == [0, 2]
    assert lessons.to_first_app(["import x", "y = 1", "apps.guess_app(y)", "apps.gan_app()"]) == [0, 1, 2]
    assert lessons.to_first_app(["import x", "print(1)"]) == [0, 1]  # the start page, which has no app
    row = lessons.start(lessons.LESSONS[0])
    assert row["start"] >= row["kernel"] + row["imports"] > row["kernel"] > 0 < row["start_cpu"]


def test_parts_that_only_a_long_run_reaches(load, monkeypatch, capsys, tmp_path):
    images, sizes, gan = load_digits_stand_in(), load("gan_sizes"), load("gan")
    monkeypatch.setattr(sizes, "BATCHES", (16,))
    monkeypatch.setattr(sizes, "WIDTHS", (0.25,))
    assert "points" in sizes.recipes(images, 2)
    sizes.plot(sizes.cost(images, 2), tmp_path / "cost.png")
    monkeypatch.setattr(gan, "load_images", load_digits_stand_in)
    gan.train_alone("WGAN", "ours")
    assert float(capsys.readouterr().out.split()[-1]) > 0


def test_what_a_gpu_shows(load):
    on_gpu = load("gan_gpu").on_gpu(load_digits_stand_in())
    if "not run" in on_gpu:
        pytest.skip(on_gpu["not run"])
    assert on_gpu["results"]


def test_another_seed_runs_the_cells_that_decide_a_claim(load, tmp_path):
    tag = {"id": "l0-known", "line": "x =", "seeds": "0 here, three draws"}
    cells = [
        nb.new_code_cell("SEED = 0"),
        nb.new_code_cell("x = SEED + 1\nprint(f'x = {x} (control 5): near')", metadata={"claim": [tag]}),
        nb.new_code_cell("print('x = 9')", metadata={"claim": [tag | {"seeds": "0 to 4"}]}),
        nb.new_markdown_cell("text"),
        nb.new_code_cell("1 / 0"),
    ]
    (path := tmp_path / "lesson.ipynb").write_text(nb.writes(nb.new_notebook(cells=cells)))
    said = {"seed": 2, "id": "l0-known", "start": "x =", "line": "x = 3 (control 5): near"}
    assert load("other_seeds").decided(path, 2) == [said]
