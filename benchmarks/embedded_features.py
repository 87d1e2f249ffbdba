"""How far do the course's own features paint like SqueezeNet's? `python benchmarks/embedded_features.py [--store]`.

Style transfer with the untrained "random" features, with "embedded" (which ships with the course and was taught by
SqueezeNet) and with SqueezeNet trained on ImageNet, for contents and styles that "embedded" was not taught with. Same
start, optimizer, alpha, beta and evaluations for all three; each paints by its own features alone.

    judge     the relative style loss that *SqueezeNet* sees in the finished pictures: L_S(x) / L_S(0), 0 is perfect
    share     how far "embedded" gets from "random" to SqueezeNet: 0 as random, 1 as SqueezeNet; in the logarithm of
              the judge's loss, and in the loss itself. (SqueezeNet is both painter and judge: hard to match.)
    goal      at least one half in the logarithm, on average over the pairs

Prints one table and one JSON line; --store writes the JSON to data/measured/embedded_features.json, --sheet FILE
a picture: a row per pair, with content, style, random, embedded, SqueezeNet. Needs SqueezeNet's weights in
COURSE_DATA/weights; some minutes on a quiet core.
"""

import argparse
import datetime
import json
import platform
import sys
from pathlib import Path

import numpy as np
import torch
from course_utils import runtime
from course_utils.datasets.downloads import DataUnavailable
from course_utils.pictures import open_picture, sample_pictures, save_picture
from course_utils.runtime import store_results
from course_utils.style import StyleTransfer, load_features
from course_utils.style.embedded import WEIGHTS
from course_utils.style.perceptual import PerceptualLoss

NETWORKS = ("random", "embedded", "squeezenet")
# contents and styles that data/make/embedded_features.py leaves out
PAIRS = [(content, style) for content in ("flower", "grace_hopper") for style in ("brush_strokes", "waves")]


def square(picture: np.ndarray, size: int) -> np.ndarray:
    """The middle of a picture, size x size pixels."""
    side = min(picture.shape[:2])
    top, left = ((n - side) // 2 for n in picture.shape[:2])
    return open_picture(picture[top : top + side, left : left + side], size=size)


def judge(squeezenet, content: np.ndarray, style: np.ndarray):
    """A function from a picture to the content and style loss that SqueezeNet sees in it."""
    objective = PerceptualLoss(
        squeezenet,
        tensor(content),
        tensor(style),
        content_layers=squeezenet.content_layers,
        style_layers=squeezenet.style_layers,
        layer_weights=dict.fromkeys(squeezenet.style_layers, 1.0),
        normalization="gatys",
    )
    return lambda picture: [loss.item() for loss in objective(tensor(picture))]


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).movedim(-1, 0)[None]


def share(random: float, embedded: float, squeezenet: float) -> float:
    """0 where embedded is as random, 1 where it is as SqueezeNet."""
    return (random - embedded) / (random - squeezenet)


def compare(size: int, steps: int, beta: float) -> tuple[list[dict], np.ndarray]:
    """The judge's losses for each pair and network, and the sheet of pictures."""
    networks = {name: load_features(name, device="cpu") for name in NETWORKS}
    pictures, rows, sheet = sample_pictures(), [], []
    for content_name, style_name in PAIRS:
        content, style = (square(pictures[name](), size) for name in (content_name, style_name))
        seen_by_judge = judge(networks["squeezenet"], content, style)
        row = {"content": content_name, "style": style_name, "start": seen_by_judge(content)[1]}
        shown = [content, style]
        for name, features in networks.items():
            transfer = StyleTransfer(content, style, features=features, size=size, beta=beta, border=0)
            shown.append(transfer.run(steps, progress=False).image)
            row[f"{name}_content"], row[name] = seen_by_judge(shown[-1])
        losses = np.array([row[name] for name in NETWORKS])
        row["share_log"], row["share_linear"] = share(*np.log(losses)), share(*losses)
        rows.append({k: v if isinstance(v, str) else round(v, 5) for k, v in row.items()})
        sheet.append(np.concatenate(shown, axis=1))
        print(
            f"{content_name + ' / ' + style_name:<30}{row['start']:>9.4f}"
            + "".join(f"{row[name]:>12.4f}" for name in NETWORKS)
            + f"{row['share_log']:>12.2f}{row['share_linear']:>14.2f}",
            flush=True,
        )
    return rows, np.concatenate(sheet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=224, help="pixels a side")
    parser.add_argument("--steps", type=int, default=100, help="steps of L-BFGS, one evaluation each")
    parser.add_argument("--beta", type=float, default=100.0, help="weight of the style; alpha is 1")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--sheet", type=Path, metavar="FILE")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        load_features("squeezenet", device="cpu")
    except (DataUnavailable, FileNotFoundError) as missing:
        sys.exit(f"SqueezeNet is the judge here, and its weights are not at hand. {missing}")
    print(
        f"{'style loss that SqueezeNet sees':<30}{'content':>9}" + "".join(f"{n:>12}" for n in NETWORKS),
        end="",
    )
    print(f"{'share (log)':>12}{'share (linear)':>15}")
    rows, sheet = compare(given.size, given.steps, given.beta)
    mean = {
        key: round(float(np.mean([row[key] for row in rows])), 3) for key in ("share_log", "share_linear")
    }
    print(
        f"mean share: {mean['share_log']:.2f} in the logarithm, {mean['share_linear']:.2f} in the loss (goal: 0.5)"
    )
    result = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, torch {torch.__version__}, 1 thread",
        "size": given.size,
        "steps": given.steps,
        "alpha": 1.0,
        "beta": given.beta,
        "bytes": runtime.shipped(WEIGHTS).stat().st_size,
        "pairs": rows,
        **mean,
    }
    print(json.dumps(result))
    if given.store:
        store_results("embedded_features", result)
    if given.sheet:
        save_picture(sheet, given.sheet)


if __name__ == "__main__":
    main()
