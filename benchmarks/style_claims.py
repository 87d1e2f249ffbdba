"""Lesson 7's verdicts on other pictures, with other seeds, more steps and the controls that a cell has no time for:
`python benchmarks/style_claims.py [--parts depth texture painting balance strokes] [--store]`.

The trained "embedded" network, pictures of 128 pixels. Every rule was written here before the first run. Over the runs
of a part it "holds" where it does in each of them, "fails" where it does in fewer than half, else it is "undecided".

    depth     A photograph from one layer alone. pixels: the error from the deepest layer is more than double that from
              the first. patience: the same after three times the steps, so that it is not the optimizer that forgets.
              content: light and dark correlate more with the photograph than with itself in any wrong place, which has
              all the same colours, edges and textures: mirrored (3 ways), or moved round the edges by quarters (15).
              training: of that correlation, an untrained network of the same layout gives less. outlines: as content,
              with slopes in the place of light and dark, a mean over 5 x 5 pixels of their size. (Written down when
              content had failed on the flower, and before any outline was looked at.)
    texture   A texture from the Gram matrices of all style layers. own: by its patches it is nearer to its own style
              than to any of the other five. palette: nearer than the style's own pixels, shuffled. depth: nearer than
              one from the first layer alone.
    painting  tenth: the style loss falls below a tenth of what it was. strokes: and below what the photograph has in
              the style's colours (same mean and covariance). content: the content loss ends below that of a texture of
              this style, of the photograph in a mirror, and of another photograph. stranger: the same without the
              mirror (looked at afterwards: the mirror image of a flower is nearly that flower).
    balance   From noise, beta / alpha 1, 10, 100, compared in the first or the last layer. order: the style loss falls,
              the content loss rises (to three digits). colours: at 1, the pixels are off by more than twice as much
              with the last layer.
    strokes   Style pictures of half the size, the same and twice. coarser: the length of the painting, the standard
              deviation of its luminance over the root mean square of its slope, grows from each to the next. scale: a
              style picture of each size is nearest, by its patches, to the painting that was made with that size, of
              the three. (Written down when coarser had failed on china, and before any of these distances was looked
              at.)

Prints one table and one JSON line; --store writes the JSON to data/measured/style_claims.json, and keeps there the
parts that were not run. About three minutes on a quiet core.
"""

import argparse
import json
from itertools import product

import numpy as np
import torch
from course_utils.pictures import open_picture
from course_utils.runtime import describe_machine, load_results, store_results
from course_utils.style import (
    StyleTransfer,
    load_features,
    patch_distance,
    reconstruct_content,
    style_distance,
    synthesise_texture,
)
from scipy.ndimage import uniform_filter

PHOTOGRAPHS, LAYERS = ("china", "flower", "grace_hopper"), ("relu1", "fire3", "fire5", "fire7")
STYLES = ("brush_strokes", "dots", "mosaic", "stained_glass", "waves", "woodcut")
PAIRS = (("china", "brush_strokes"), ("flower", "mosaic"), ("grace_hopper", "woodcut"), ("china", "waves"))
SEED, RATIOS = 1, (1, 10, 100)  # the lesson itself has seed 0
SPECTRUM = {"parametrisation": "spectrum", "optimizer": "adam"}
COLUMNS = {
    "depth": ("photograph", "seed"),
    "texture": ("style", "seed"),
    "painting": ("content", "style"),
    "balance": ("content", "style", "seed"),
    "strokes": ("content", "style"),
}


def light(picture: np.ndarray) -> np.ndarray:
    return picture.mean(-1)


def alike(picture: np.ndarray, other: np.ndarray) -> float:
    """The correlation of light and dark."""
    return float(np.corrcoef(light(picture).ravel(), light(other).ravel())[0, 1])


def outlines(picture: np.ndarray) -> np.ndarray:
    """Where light changes, and how fast; grey as three channels."""
    return uniform_filter(np.hypot(*np.gradient(light(picture))), 5)[..., None].repeat(3, axis=2)


def wrong_places(picture: np.ndarray) -> list[np.ndarray]:
    """The picture mirrored, and moved by quarters of its sides, what leaves it coming back on the other side."""
    h, w = picture.shape[:2]
    moved = [
        np.roll(picture, (i * h // 4, j * w // 4), (0, 1)) for i, j in product(range(4), repeat=2) if i or j
    ]
    return [picture[::-1], picture[:, ::-1], picture[::-1, ::-1], *moved]


def length(picture: np.ndarray) -> float:
    """Standard deviation of the luminance over the root mean square of its slope, in pixels; a wave of length l has
    l / 2 pi."""
    y = light(picture)
    slopes = np.diff(y, axis=0)[:, :-1] ** 2 + np.diff(y, axis=1)[:-1] ** 2
    return float(y.std() / np.sqrt(slopes.mean()))


def shuffled(picture: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).permutation(picture.reshape(-1, 3)).reshape(picture.shape)


def recoloured(picture: np.ndarray, style: np.ndarray) -> np.ndarray:
    """The picture with the mean and the covariance of the style's colours."""
    x, y = (p.reshape(-1, 3).astype(float) for p in (picture, style))
    whiten, colour = (np.linalg.cholesky(np.cov(p.T, bias=True) + 1e-9 * np.eye(3)) for p in (x, y))
    made = y.mean(0) + (x - x.mean(0)) @ np.linalg.inv(whiten).T @ colour.T
    return made.reshape(picture.shape).clip(0, 1).astype(np.float32)


def depth(photograph: str, seed: int, network, untrained, size: int, steps: int) -> dict:
    target = open_picture(photograph, size)

    def error(run):
        return round(float(np.sqrt(np.mean((run.image - target) ** 2))), 4)

    settings = {"size": size, "steps": steps, "seed": seed, **SPECTRUM}
    runs = [reconstruct_content(target, network, layer, **settings) for layer in LAYERS]
    deepest = runs[-1].image
    row = {
        "error": [error(run) for run in runs],
        "shapes": round(alike(deepest, target), 3),
        "elsewhere": round(max(alike(deepest, place) for place in wrong_places(target)), 3),
        "untrained": round(
            alike(reconstruct_content(target, untrained, LAYERS[-1], **settings).image, target), 3
        ),
    }
    seen = outlines(deepest)
    row["outlines"] = round(alike(seen, outlines(target)), 3)
    row["outlines elsewhere"] = round(max(alike(seen, outlines(place)) for place in wrong_places(target)), 3)
    row["error later"] = [error(runs[i].run(2 * steps, progress=False)) for i in (0, -1)]
    row["rules"] = {
        "pixels": row["error"][-1] > 2 * row["error"][0],
        "patience": row["error later"][-1] > 2 * row["error later"][0],
        "content": row["shapes"] > row["elsewhere"],
        "training": row["shapes"] > row["untrained"],
        "outlines": row["outlines"] > row["outlines elsewhere"],
    }
    return row


def texture(style: str, seed: int, network, untrained, size: int, steps: int) -> dict:
    target = open_picture(style, size)
    first, made = (
        synthesise_texture(
            target, network, layers, size=size, steps=steps, seed=seed, total_variation=10.0
        ).image
        for layers in (network.style_layers[:1], network.style_layers)
    )
    to = {name: round(patch_distance(made, open_picture(name, size)), 4) for name in STYLES}
    row = {
        "to": to,
        "first layer": round(patch_distance(first, target), 4),
        "shuffled": round(patch_distance(shuffled(target), target), 4),
        "mirrored": round(patch_distance(target[:, ::-1].copy(), target), 4),
    }
    row["rules"] = {
        "own": min(to, key=to.get) == style,
        "palette": to[style] < row["shuffled"],
        "depth": to[style] < row["first layer"],
    }
    return row


def painting(content: str, style: str, network, untrained, size: int, steps: int) -> dict:
    photograph, target = open_picture(content, size), open_picture(style, size)
    history = StyleTransfer(content, style, features=network, size=size).run(steps, progress=False).history

    def content_loss(picture):  # what this picture would pay
        other = StyleTransfer(content, picture, features=network, size=size, start="style")
        return round(other.step()["content"], 4)

    other = PHOTOGRAPHS[(PHOTOGRAPHS.index(content) + 1) % len(PHOTOGRAPHS)]
    made = synthesise_texture(target, network, size=size, steps=steps).image
    row = {
        "style": [round(history["style"][i], 4) for i in (0, -1)],
        "recoloured": round(style_distance(recoloured(photograph, target), target, network), 4),
        "content": round(history["content"][-1], 4),
        "texture": content_loss(made),
        "mirrored": content_loss(photograph[:, ::-1].copy()),
        "other photograph": content_loss(other),
    }
    row["rules"] = {
        "tenth": row["style"][-1] < row["style"][0] / 10,
        "strokes": row["style"][-1] < row["recoloured"],
        "content": row["content"] < min(row[name] for name in ("texture", "mirrored", "other photograph")),
        "stranger": row["content"] < min(row["texture"], row["other photograph"]),
    }
    return row


def balance(content: str, style: str, seed: int, network, untrained, size: int, steps: int) -> dict:
    photograph = open_picture(content, size)
    row, ordered = {"style": {}, "content": {}, "off": []}, True
    for layer in (LAYERS[0], LAYERS[-1]):
        runs = [
            StyleTransfer(
                content, style, features=network, size=size, start="noise", seed=seed, beta=beta,
                content_layers=[layer], **SPECTRUM,
            ).run(steps, progress=False)
            for beta in RATIOS
        ]  # fmt: skip
        for name in ("style", "content"):
            row[name][layer] = [round(run.history[name][-1], 3) for run in runs]
        ordered &= row["style"][layer] == sorted(row["style"][layer], reverse=True)
        ordered &= row["content"][layer] == sorted(row["content"][layer])
        row["off"].append(round(float(np.sqrt(np.mean((runs[0].image - photograph) ** 2))), 4))
    row["rules"] = {"order": ordered, "colours": row["off"][1] > 2 * row["off"][0]}
    return row


def strokes(content: str, style: str, network, untrained, size: int, steps: int) -> dict:
    sizes = size // 2, size, 2 * size
    made = [
        StyleTransfer(content, style, features=network, size=size, style_size=s).run(steps, progress=False)
        for s in sizes
    ]
    lengths = [round(length(run.image), 3) for run in made]
    # to[i][j]: how far the style picture of size i is from the painting that was made with size j
    to = [[round(patch_distance(run.image, open_picture(style, s)), 4) for run in made] for s in sizes]
    return {
        "style size": sizes,
        "length": lengths,
        "of the style": [round(length(open_picture(style, s)), 3) for s in sizes],
        "of the content": round(length(open_picture(content, size)), 3),
        "to": to,
        "rules": {
            "coarser": lengths[0] < lengths[1] < lengths[2],
            "scale": all(min(row) == row[i] for i, row in enumerate(to)),
        },
    }


def parts() -> dict:
    """Each part, and what it is done with."""
    return {
        depth: [(photograph, SEED) for photograph in PHOTOGRAPHS],
        texture: [(style, SEED) for style in STYLES],
        painting: list(PAIRS),
        balance: [(*pair, SEED) for pair in PAIRS[:3]],
        strokes: list(PAIRS[:3]),
    }


def verdict(held: list[bool]) -> str:
    if all(held):
        return "holds"
    return "undecided" if 2 * sum(held) >= len(held) else "fails"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = list(COLUMNS)
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    parser.add_argument("--size", type=int, default=128, help="the longer side in pixels")
    parser.add_argument("--steps", type=int, default=60, help="of Adam; L-BFGS takes two thirds of them")
    parser.add_argument("--store", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    network = load_features("embedded", device="cpu")
    untrained = load_features("embedded", untrained=0, device="cpu")
    try:
        kept = load_results("style_claims")["parts"] if given.store else {}
    except FileNotFoundError:
        kept = {}
    found = {name: kept[name] for name in names if name in kept}
    for part, tasks in parts().items():
        if (name := part.__name__) not in given.parts:
            continue
        steps = given.steps if name in ("depth", "balance") else max(1, 2 * given.steps // 3)
        rows = []
        for task in tasks:
            row = dict(zip(COLUMNS[name], task, strict=True))
            row |= part(*task, network, untrained, given.size, steps)
            rows.append(row)
            print(f"{name:<9}", *(f"{key}: {value}  " for key, value in row.items()), flush=True)
        rules = {rule: [row["rules"][rule] for row in rows] for rule in rows[0]["rules"]}
        found[name] = {
            "steps": steps,
            "rows": rows,
            "held": {rule: [sum(held), len(held)] for rule, held in rules.items()},
            "verdicts": {rule: verdict(held) for rule, held in rules.items()},
        }
        print(f"{name:<9}", found[name]["held"], found[name]["verdicts"])
    result = {
        "machine": describe_machine(),
        "size": given.size,
        "parts": found,
    }
    print(json.dumps(result))
    if given.store:
        store_results("style_claims", result)


if __name__ == "__main__":
    main()
