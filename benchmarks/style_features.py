"""What does the training add to style features, and what is the layout's own? `python benchmarks/style_features.py`.

The layout is held fixed: "embedded", once with its trained weights and once with random ones, several seeds. Each makes
textures (alpha = 0, from noise), transfers and reconstructions with the same settings and steps, and eyes that made
none of them judge:

    trained     the relative style loss that the trained network sees; SqueezeNet's is beside it where it is at hand
    random      the same, seen by two networks of that layout with other random weights (seeds from 100 on)
    patches     the sliced Wasserstein distance between patches of a Laplacian pyramid (Karras et al. 2018): no network

Controls: the style picture seen in a mirror (a floor), and its own pixels in random order (the palette, and no
structure at all). A reconstruction is judged by the root mean square error of its pixels. "own" is
the relative style loss that a painter sees in its own picture, before the first step and before the last.

Said before the run: by the patches the trained filters win if they are nearer than every random seed on at least three
quarters of the tasks; the random ones win if the trained are further than every seed on as many; else it is undecided.
The same for the reconstructions.

Prints one table and one JSON line; --store writes the JSON to data/measured/style_features.json. Two minutes on a quiet
core; with --done FOLDER --only K it does one of its 14 tasks at a time.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from course_utils.datasets.downloads import DataUnavailable
from course_utils.pictures import open_picture
from course_utils.runtime import describe_machine, store_results
from course_utils.style import (
    StyleTransfer,
    load_features,
    patch_distance,
    reconstruct_content,
    style_distance,
    synthesise_texture,
)

TEXTURES = ("brush_strokes", "mosaic", "waves", "woodcut")
TRANSFERS = (("flower", "mosaic"), ("china", "brush_strokes"))
REBUILT, LAYERS = ("china", "flower"), ("relu1", "fire3", "fire5", "fire7")
JUDGES = (100, 101)  # seeds of the random eyes
SHARE = 0.75


def eyes() -> dict:
    """name -> function of a picture and a style."""
    networks = {"trained": [load_features("embedded", device="cpu")]}
    networks["random"] = [load_features("embedded", untrained=seed, device="cpu") for seed in JUDGES]
    try:
        networks["squeezenet"] = [load_features("squeezenet", device="cpu")]
    except (DataUnavailable, FileNotFoundError):
        print("SqueezeNet's weights are not at hand: its eye is left out.")

    def seen_by(group):
        return lambda picture, style: float(np.mean([style_distance(picture, style, n) for n in group]))

    return {name: seen_by(group) for name, group in networks.items()} | {"patches": patch_distance}


def judged(see: dict, picture: np.ndarray, style: np.ndarray) -> dict[str, float]:
    return {name: round(eye(picture, style), 5) for name, eye in see.items()}


def controls(see: dict, style: np.ndarray) -> dict[str, dict]:
    shuffled = np.random.default_rng(0).permutation(style.reshape(-1, 3)).reshape(style.shape)
    return {
        "mirrored": judged(see, np.ascontiguousarray(style[:, ::-1]), style),
        "shuffled": judged(see, shuffled, style),
    }


def winner(trained: float, random: list[float]) -> str:
    """Who has the smaller number: the trained ones, every random seed, or neither."""
    if trained < min(random):
        return "trained"
    return "random" if trained > max(random) else "neither"


def verdict(winners: list[str]) -> str:
    for name in ("trained", "random"):
        if winners.count(name) >= SHARE * len(winners):
            return name
    return "undecided"


def paint(content: str | None, style: str, painters: dict, see: dict, size: int, steps: int) -> dict:
    """A texture (no content) or a transfer by every painter, seen by every eye."""
    target = open_picture(style, size)
    row = {"content": content, "style": style, "controls": controls(see, target), "seen": {}, "own": {}}
    for name, network in painters.items():
        if content is None:
            made = synthesise_texture(target, network, size=size, steps=steps, total_variation=10.0)
        else:
            made = StyleTransfer(content, target, features=network, size=size, beta=50.0)
            made.run(steps, progress=False)
        row["seen"][name] = judged(see, made.image, target)
        row["own"][name] = [round(made.history["style"][i], 5) for i in (0, -1)]
    seen = row["seen"]
    row["nearer"] = {
        eye: winner(seen["trained"][eye], [seen[n][eye] for n in painters if n != "trained"]) for eye in see
    }
    return row


def rebuild(picture: str, layer: str, painters: dict, size: int, steps: int) -> dict:
    photograph, errors = open_picture(picture, size), {}
    for who, network in painters.items():
        made = reconstruct_content(
            photograph, network, layer, size=size, steps=steps, parametrisation="spectrum", optimizer="adam"
        ).image
        errors[who] = round(float(np.sqrt(np.mean((made - photograph) ** 2))), 4)
    random = [error for who, error in errors.items() if who != "trained"]
    return {"picture": picture, "layer": layer, "error": errors, "nearer": winner(errors["trained"], random)}


def show(row: dict) -> None:
    if "layer" in row:
        print(
            f"{row['picture']:<10}{row['layer']:<8}", *(f"{who}: {e:.3f} " for who, e in row["error"].items())
        )
        return
    for who, values in (row["controls"] | row["seen"]).items():
        print(f"{(row['content'] or '-') + ' / ' + row['style']:<24}{who:<12}", end="")
        print("".join(f"{value:>12.4f}" for value in values.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128, help="the longer side in pixels")
    parser.add_argument("--steps", type=int, default=60, help="steps for each picture")
    parser.add_argument("--seeds", type=int, default=3, help="how many random networks paint")
    parser.add_argument(
        "--done", type=Path, metavar="FOLDER", help="keep each task's numbers there, use those"
    )
    parser.add_argument(
        "--only", type=int, metavar="K", help="do no more than task K (0, 1, ...); needs --done"
    )
    parser.add_argument("--store", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = {"size": given.size, "steps": given.steps}
    painters = {"trained": load_features("embedded", device="cpu")}
    painters |= {
        f"random {s}": load_features("embedded", untrained=s, device="cpu") for s in range(given.seeds)
    }
    see = eyes()
    print(f"{'':<36}" + "".join(f"{eye:>12}" for eye in see))
    tasks = [partial(paint, None, style, painters, see, **settings) for style in TEXTURES]
    tasks += [partial(paint, *pair, painters, see, **settings) for pair in TRANSFERS]
    tasks += [
        partial(rebuild, picture, layer, painters, **settings) for picture in REBUILT for layer in LAYERS
    ]
    rows = []
    for k, task in enumerate(tasks):
        if given.only not in (None, k):
            continue
        kept = given.done / f"{k}.json" if given.done else None
        row = json.loads(kept.read_text()) if kept and kept.exists() else task()
        if kept:
            kept.write_text(json.dumps(row))
        rows.append(row)
        show(row)
    painted, rebuilt = ([row for row in rows if ("layer" in row) == kind] for kind in (False, True))
    nearer = {eye: verdict([row["nearer"][eye] for row in painted]) for eye in see if painted}
    if rebuilt:
        nearer["rebuilt"] = verdict([row["nearer"] for row in rebuilt])
    print("nearer, by the eye of", nearer)
    result = {
        "machine": describe_machine(),
        **settings,
        "painters": list(painters),
        "judges": list(JUDGES),
        "share": SHARE,
        "painted": painted,
        "rebuilt": rebuilt,
        "nearer": nearer,
    }
    print(json.dumps(result))
    if given.store:
        store_results("style_features", result)


if __name__ == "__main__":
    main()
