"""Pictures to teach a feature network with: photographs at hand, and drawn textures in large variety.

`drawn(count, random)` makes textures (stripes, noise of every roughness, Voronoi cells, tiles, brush strokes, dots,
text, gradients) and lays them over and into each other; `digits` makes collages; `photographs()` opens the sample
pictures that come inside libraries, and `crops` cuts them. Pictures are uint8 (SIDE, SIDE, 3).
"""

from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial import cKDTree

SIDE = 256
WORDS = (
    "style content Gram matrix picture light colour wave stone night river garden 0123456789 & ? !".split()
)


def palette(random, count: int = 6) -> np.ndarray:
    """Colours (count, 3) in [0, 1] that go together: around two hues, or any."""
    if random.random() < 0.3:
        return random.random((count, 3))
    base = random.random((2, 3))
    mix = random.random((count, 1))
    return np.clip(base[0] * mix + base[1] * (1 - mix) + random.normal(0, 0.15, (count, 3)), 0, 1)


def coloured(values: np.ndarray, random) -> np.ndarray:
    """A field (n, n) through a random ramp of colours, smooth or in steps."""
    colours = palette(random, random.integers(2, 8))
    t = (values - values.min()) / (np.ptp(values) + 1e-9) * (len(colours) - 1)
    t = np.round(t) if random.random() < 0.35 else t
    return np.stack([np.interp(t, np.arange(len(colours)), colours[:, i]) for i in range(3)], axis=-1)


def clouds(random) -> np.ndarray:
    """Gaussian noise whose spectrum falls like a random power of the frequency, sometimes stretched; (SIDE, SIDE)."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    turn, stretch = random.uniform(0, np.pi), random.choice([1, 1, 3, 8])
    u, v = fx * np.cos(turn) + fy * np.sin(turn), fy * np.cos(turn) - fx * np.sin(turn)
    frequency = np.hypot(u * stretch, v) + 1 / SIDE
    spectrum = frequency ** -random.uniform(0.3, 2.4) * (frequency > random.choice([0, 0, 0.02, 0.06]))
    white = np.fft.rfft2(random.standard_normal((SIDE, SIDE)))
    field = np.fft.irfft2(white * spectrum, s=(SIDE, SIDE))
    return field / (field.std() + 1e-9)


def square() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(SIDE) / SIDE, np.arange(SIDE) / SIDE)


def noise(random):
    return coloured(clouds(random), random)


def noise_per_channel(random):
    field = np.stack([clouds(random) for _ in range(3)], axis=-1)
    return np.clip(random.random(3) + random.uniform(0.05, 0.4) * field, 0, 1)


def stripes(random):
    """Waves, rings or rays, bent by noise, soft or sharp."""
    x, y = square()
    turn, lines = random.uniform(0, np.pi), 2 ** random.uniform(1, 6.3)
    kind = random.integers(3)
    cx, cy = random.uniform(-0.3, 1.3, 2)
    phase = [
        x * np.cos(turn) + y * np.sin(turn),
        np.hypot(x - cx, y - cy),
        np.arctan2(y - cy, x - cx) / 2,
    ][kind] * lines
    phase = phase + random.choice([0, 0.15, 0.6, 2]) * clouds(random)
    wave = np.sin(2 * np.pi * phase) + random.choice([0, 0.4]) * clouds(random)
    return coloured(np.tanh(wave * random.choice([1, 4, 30])), random)


def cells(random):
    """Voronoi cells or tiles, with or without joints."""
    x, y = square()
    points = np.stack([x, y], axis=-1).reshape(-1, 2)
    count = int(2 ** random.uniform(3, 9.5))
    centres = random.random((count, 2))
    if random.random() < 0.4:
        side = max(int(count**0.5), 2)
        gx, gy = np.meshgrid(np.arange(side), np.arange(side))
        centres = (np.stack([gx + 0.5 * (gy % 2) * random.integers(2), gy], -1).reshape(-1, 2) + 0.5) / side
        centres = centres + random.normal(0, 0.3 / side * random.random(), centres.shape)
    bent = points + 0.012 * random.integers(2) * np.stack([clouds(random), clouds(random)], -1).reshape(-1, 2)
    distance, index = cKDTree(centres).query(bent, k=2)
    colours = palette(random, 12)[random.integers(0, 12, len(centres))]
    colours = np.clip(colours + random.normal(0, 0.08, colours.shape), 0, 1)
    picture = colours[index[:, 0]].reshape(SIDE, SIDE, 3)
    if random.random() < 0.65:
        joint = (distance[:, 1] - distance[:, 0]).reshape(SIDE, SIDE, 1) * SIDE < random.uniform(1, 7)
        picture = np.where(joint, random.random(3) * random.choice([0.2, 1]), picture)
    return picture


def strokes(random):
    """Brush strokes along a flow, coloured by another picture below them."""
    below = random.choice([noise, stripes, cells, gradient])(random)
    lean = clouds(random) * random.choice([0.1, 0.5, 1.5]) + random.uniform(0, 2 * np.pi)
    image = Image.fromarray((below * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    length, width, spread = random.uniform(5, 60), random.uniform(1, 9), random.uniform(0.02, 0.25)
    for start in random.uniform(0, SIDE, (int(60_000 / (length * width) + 150), 2)):
        line = [start]
        for _ in range(6):
            i, j = np.clip(line[-1][::-1], 0, SIDE - 1).astype(int)
            line.append(line[-1] + length / 6 * np.array([np.cos(lean[i, j]), np.sin(lean[i, j])]))
        i, j = start[::-1].astype(int)
        hue = np.clip(below[i, j] + random.normal(0, spread, 3), 0, 1) * 255
        draw.line([tuple(p) for p in line], fill=tuple(hue.astype(int)), width=max(1, round(width)))
    return np.asarray(image) / 255


def leaves(random):
    """Discs and rectangles of all sizes over each other ("dead leaves": the statistics of natural pictures)."""
    image = Image.fromarray((random.choice([noise, gradient])(random) * 255).astype(np.uint8))
    draw, colours = ImageDraw.Draw(image), palette(random, 8)
    outline = (0, 0, 0) if random.random() < 0.3 else None
    smallest = random.uniform(2, 8)
    for _ in range(int(random.choice([60, 300, 1500]))):
        r = min(smallest / max(random.random(), 1e-3) ** 0.5, 90)
        cx, cy = random.uniform(0, SIDE, 2)
        hue = tuple((np.clip(colours[random.integers(8)] + random.normal(0, 0.1, 3), 0, 1) * 255).astype(int))
        if random.random() < 0.5:
            draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=hue, outline=outline)
        else:
            box, a = (
                np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [r, r * random.random()],
                random.uniform(0, 3),
            )
            turned = box @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + [cx, cy]
            draw.polygon([tuple(p) for p in turned], fill=hue, outline=outline)
    return np.asarray(image) / 255


def gradient(random):
    x, y = square()
    weights = random.normal(0, 1, 5)
    return coloured(np.tensordot(weights, np.stack([x, y, x * y, x**2, y**2]), 1), random)


def text(random):
    image = Image.fromarray((random.choice([gradient, noise])(random) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(5, 60)):
        font = ImageFont.load_default(size=float(random.uniform(8, 60)))
        hue = tuple((random.random(3) * 255).astype(int))
        draw.text(tuple(random.uniform(-20, SIDE, 2)), " ".join(random.choice(WORDS, 3)), fill=hue, font=font)
    return np.asarray(image) / 255


TEXTURES = (noise, noise_per_channel, stripes, cells, strokes, leaves, gradient, text)
OFTEN = np.array([3, 1, 3, 3, 5, 4, 0.7, 1.3])


def texture(random) -> np.ndarray:
    return TEXTURES[random.choice(len(TEXTURES), p=OFTEN / OFTEN.sum())](random)


def drawn(count: int, random: np.random.Generator) -> list[np.ndarray]:
    """`count` pictures: a texture; or two, one showing through holes in the other, or blended into it."""
    pictures = []
    for _ in range(count):
        picture, fate = texture(random), random.random()
        if fate < 0.4:
            hole = (clouds(random) > random.normal(0, 0.6))[..., None]
            picture = np.where(hole, texture(random), picture)
        elif fate < 0.55:
            picture = 0.5 * picture + 0.5 * texture(random)
        elif fate < 0.65:
            picture = picture + random.uniform(0.03, 0.2) * clouds(random)[..., None]
        pictures.append((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return pictures


def digits(count: int, random: np.random.Generator, images: np.ndarray) -> list[np.ndarray]:
    """Collages of handwritten digits (n, 28, 28) in two colours."""
    sheets = []
    for _ in range(count):
        side = random.integers(3, 9)
        chosen = images[random.integers(0, len(images), side * side)].reshape(side, side, 28, 28)
        sheet = Image.fromarray(chosen.transpose(0, 2, 1, 3).reshape(side * 28, side * 28)).resize(
            (SIDE, SIDE)
        )
        ink, paper = random.random((2, 3))
        share = np.asarray(sheet)[..., None] / 255
        sheets.append(((ink * share + paper * (1 - share)) * 255).astype(np.uint8))
    return sheets


def photographs(leave_out: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """The sample pictures inside matplotlib, scikit-learn and, where it is there, scikit-image: name -> (h, w, 3)."""
    folders = [("matplotlib", "mpl-data/sample_data"), ("sklearn", "datasets/images"), ("skimage", "data")]
    found = {}
    for library, folder in folders:
        try:
            files = sorted(Path(str(resources.files(library) / folder)).iterdir())
        except ModuleNotFoundError:
            print(f"{library} is not installed: its sample pictures are left out")
            continue
        for file in files:
            if file.suffix in (".jpg", ".png") and file.stem not in leave_out:
                picture = Image.open(file).convert("RGB")
                if min(picture.size) >= SIDE // 2:
                    picture.thumbnail((900, 900))
                    found[file.stem] = np.asarray(picture)
    return found


def crops(picture: np.ndarray, count: int, random: np.random.Generator) -> list[np.ndarray]:
    """Square cuts of a picture at random places and scales, each brought to SIDE pixels."""
    image, cuts = Image.fromarray(picture), []
    for _ in range(count):
        side = min(image.size) * random.uniform(0.35, 1.0)
        left, top = random.uniform(0, image.width - side), random.uniform(0, image.height - side)
        cuts.append(np.asarray(image.resize((SIDE, SIDE), box=(left, top, left + side, top + side))))
    return cuts
