"""Draw the style pictures in data/images: `python data/make/style_pictures.py [NAME ...] [--size 512] [--to FOLDER]`.

Needs NumPy and Pillow; about ten seconds for all. Each picture is a function of the unit square and of a seeded
generator: positions and random numbers do not depend on the size, so a small drawing shows the same picture. What makes
a good style picture: few strong colours that sit beside each other everywhere, and marks (strokes, tiles, carved lines)
of several sizes, because the Gram matrix keeps exactly that and forgets where things are.

The pictures belong to this project and carry its licence. They are stored as PNG with a palette of at most 128 colours.
"""

import argparse
from pathlib import Path

import numpy as np
from course_utils.datasets.scaling import to_bytes
from course_utils.files import replacing
from PIL import Image, ImageDraw

FOLDER = Path(__file__).resolve().parents[1] / "images"
# of the stored palette; more cannot be told apart, and each doubling costs a seventh of the file
COLOURS = 128
OVERSAMPLING = 2


def pixels(n: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the n x n pixel centres in [0, 1], each (n, n); y grows downwards."""
    centres = (np.arange(n) + 0.5) / n
    return np.meshgrid(centres, centres)


def noise(random, n: int, cells: int, octaves: int = 1) -> np.ndarray:
    """Smooth noise of about unit size, (n, n): random lattices, interpolated; each octave halves size and length."""
    total = np.zeros((n, n))
    for octave in range(octaves):
        side = cells * 2**octave
        lattice = random.standard_normal((side + 1, side + 1)).astype(np.float32)
        total += np.asarray(Image.fromarray(lattice).resize((n, n), Image.Resampling.BICUBIC)) / 2**octave
    return total


def ramp(colours: list[str], t) -> np.ndarray:
    """Colours (..., 3) in [0, 1] along a list of hex colours, t in [0, 1] from the first to the last."""
    stops = np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in colours]) / 255
    t = np.clip(t, 0, 1) * (len(stops) - 1)
    return np.stack([np.interp(t, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=-1)


def pick(colours: list[str], keys, random) -> np.ndarray:
    """One of the colours per integer key, (..., 3): equal keys, equal colour, without a pattern."""
    shuffled = random.integers(0, len(colours), 65_537)
    return ramp(colours, shuffled[np.asarray(keys, dtype=np.int64) % 65_537] / max(len(colours) - 1, 1))


def jitter(keys, random) -> np.ndarray:
    """One standard normal number per integer key."""
    return random.standard_normal(65_537)[np.asarray(keys, dtype=np.int64) % 65_537]


def relief(height: np.ndarray, strength: float) -> np.ndarray:
    """Light from the upper left on a surface of this height (n, n): a factor around 1 for every pixel, (n, n, 1)."""
    down, right = np.gradient(height)
    return 1 + strength * np.tanh(-(down + right) * 2)[..., None]


# ---------------------------------------------------------------------------------------------------------------------


def brush_strokes(n: int, random) -> np.ndarray:
    """Thick oil strokes that follow a whirling flow: a night sky with lights over a field."""
    centres = np.array([[0.30, 0.27], [0.72, 0.20], [0.60, 0.50], [0.12, 0.58], [0.90, 0.47], [0.42, 0.86]])
    radii = np.array([0.13, 0.10, 0.12, 0.08, 0.07, 0.10])
    spins = np.array([1.0, -0.8, -1.0, 0.7, 0.8, 0.6])
    waves = random.normal(0, 6, (8, 2)), random.uniform(0, 2 * np.pi, 8), random.normal(0, 0.014, 8)

    def flow(points):
        """Unit direction of the stroke at each point: along the level lines of whirls, a drift and plane waves."""
        away = points[:, None] - centres
        pull = spins * np.exp(-(away**2).sum(-1) / (2 * radii**2))
        gradient = -(pull / radii**2 * 0.35)[..., None] * away
        plane = np.cos(points @ waves[0].T + waves[1]) * waves[2]
        gradient = gradient.sum(1) + plane @ waves[0] + [0.05, 1.0]
        turned = np.stack([gradient[:, 1], -gradient[:, 0]], axis=1)
        return turned / np.linalg.norm(turned, axis=1, keepdims=True)

    def tone(points):
        """Where on the ramp the paint is: bright in the whirls' hearts, in rings around them, dark between."""
        distance = np.linalg.norm(points[:, None] - centres, axis=-1) / radii
        rings = 0.5 + 0.5 * np.cos(5.2 * distance)
        return ((np.exp(-(distance**2) / 0.42) * 0.95) + 0.42 * rings * np.exp(-(distance**2) / 3.2)).max(1)

    night = ["0b1640", "16307a", "1d4fa8", "3f86c9", "8fc1d8", "e9dc9a", "f7c43a", "fff3c0"]
    field = ["0c1c2c", "163f3a", "2c6e49", "7d9a3c", "d8a128", "f2cf63"]
    canvas = Image.new("RGB", (n, n), (14, 24, 66))
    heights = Image.new("L", (n, n), 60)
    paint, plaster = ImageDraw.Draw(canvas), ImageDraw.Draw(heights)
    for count, length, width in ((900, 0.17, 0.022), (2100, 0.10, 0.014), (2600, 0.060, 0.009)):
        start = random.uniform(-0.03, 1.03, (count, 2))
        path = [start]
        for _ in range(10):
            path.append(path[-1] + flow(path[-1]) * length / 10)
        path = np.stack(path, axis=1)
        ground = start[:, 1] > 0.80 + 0.05 * np.sin(7 * start[:, 0])
        shade = tone(start) + random.normal(0, 0.10, count) + 0.16
        grown = random.beta(1.6, 2.2, count)
        colour = np.where(ground[:, None], ramp(field, grown), ramp(night, shade))
        accent = random.random(count) < 0.035
        colour[accent] = ramp(["e2711d", "c8402f", "f7c43a"], random.random(accent.sum()))
        bristles = random.normal(0, 1, (count, 7, 2))
        for line, hue, hairs in zip(path, colour, bristles, strict=True):
            across = np.stack([-(line[-1] - line[0])[1], (line[-1] - line[0])[0]])
            across /= np.linalg.norm(across)
            for k, (light, lift) in enumerate(hairs):
                points = [tuple(p) for p in (line + across * (k - 3) / 7 * width) * n]
                shown = np.clip(hue * (1 + 0.13 * light) + 0.015 * light, 0, 1) * 255
                thick = max(1, round(width * n / 4.6))
                paint.line(points, fill=tuple(shown.astype(int)), width=thick, joint="curve")
                plaster.line(points, fill=int(np.clip(120 + 55 * lift, 0, 255)), width=thick, joint="curve")
    return np.asarray(canvas) / 255 * relief(np.asarray(heights) / 255, 0.22)


def mosaic(n: int, random) -> np.ndarray:
    """Tesserae laid in rings around a sun and in rows along the sea."""
    x, y = pixels(n)
    x = x + 0.0035 * noise(random, n, 26)  # no tile is quite straight
    y = y + 0.0035 * noise(random, n, 26)
    tile = 1 / 36
    sea = y > 0.66 + 0.035 * np.sin(9 * x) + 0.015 * np.sin(23 * x + 1)

    distance, angle = np.hypot(x - 0.62, y - 0.36), np.arctan2(y - 0.36, x - 0.62) / (2 * np.pi) + 0.5
    ring = np.floor(distance / tile)
    around = np.maximum(np.round(2 * np.pi * (ring + 0.5)), 1)
    along = angle * around + 0.37 * ring
    wave = (y - 0.035 * np.sin(9 * x) - 0.015 * np.sin(23 * x + 1)) / tile
    row = np.where(sea, np.floor(wave) + 500, ring)
    along = np.where(sea, x / tile + 0.5 * row, along)
    column = np.where(sea, np.floor(along), np.floor(along - 0.37 * ring) % around)
    key = row * 211 + column

    ray = np.sin(2 * np.pi * (9 * angle + 0.35 * np.sin(7 * distance)))
    sun = pick(["f6c445", "f2a51f", "e8742a", "fae08a"], key, random)
    corona = pick(["c8341f", "9c1f2e", "e8742a", "f2a51f"], key, random)
    day = pick(["1b7f8c", "2aa6a1", "7cc7b8", "d9e3c4"], key, random)
    night = pick(["15306b", "1f4f96", "2b6fb0", "0d1d45"], key, random)
    crest = (np.floor(wave) % 5)[..., None]
    deep = pick(["0d2b52", "134a72", "0f6a7d"], key, random)
    shallow = pick(["2f9aa0", "79c3b4", "1b7f8c"], key, random)
    foam = pick(["f3ead0", "cfe3d4", "f6c445"], key, random)
    colour = np.where(ray[..., None] > 0.1, day, night)
    colour = np.where(distance[..., None] < 0.235, corona, colour)
    colour = np.where(distance[..., None] < 0.150, sun, colour)
    water = np.where(crest < 2, deep, np.where(crest < 4, shallow, foam))
    colour = np.where(sea[..., None], water, colour)
    colour = colour * (1 + 0.10 * jitter(key, random))[..., None]

    across = np.where(sea, wave, distance / tile) % 1
    edge = np.minimum(np.minimum(across, 1 - across), np.minimum(along % 1, 1 - along % 1))
    shine = relief(np.clip(edge, 0, 0.28) * n * tile / 14, 0.28)
    grout = np.clip((edge - 0.055) / 0.035, 0, 1)[..., None]
    return np.clip(colour * shine, 0, 1) * grout + np.array([0.13, 0.11, 0.12]) * (1 - grout)


def woodcut(n: int, random) -> np.ndarray:
    """A carved and twice-printed landscape: black lines that swell with the shadow, over ochre, red and teal."""
    x, y = pixels(n)
    rough = noise(random, n, 9, 3)
    sun = np.hypot(x - 0.33, y - 0.27)
    ridges = [  # (height of the crest line, colour under the ink, lines per unit, lean of the carving)
        (0.50 + 0.10 * np.sin(5.1 * x + 0.6) + 0.045 * np.abs(np.sin(11 * x)), "d9a441", 46, 1.15),
        (0.60 + 0.08 * np.sin(6.7 * x + 3.0) + 0.050 * np.abs(np.sin(8 * x + 1)), "b8452c", 40, -0.95),
        (0.74 + 0.05 * np.sin(4.3 * x + 5.2), "2f6f73", 34, 0.55),
    ]
    colour = np.broadcast_to(ramp(["f4e7c8", "eecf9a"], y), (n, n, 3)).copy()
    colour[sun < 0.13] = ramp(["c8402f"], 0.0)
    rays = np.arctan2(y - 0.27, x - 0.33) / (2 * np.pi) * 64 + 0.25 * rough
    phase = np.where(sun < 0.13, sun * 52, rays)
    dark = np.where(sun < 0.13, 0.22 + 0.8 * sun, np.clip(0.12 + 0.75 * np.abs(sun - 0.13) ** 0.7, 0, 0.62))
    cloud = np.abs(y - 0.13 - 0.03 * np.sin(7 * x + 2) - 0.012 * rough) < 0.030 + 0.014 * np.sin(13 * x)
    phase, dark = np.where(cloud, (y + 0.012 * rough) * 62, phase), np.where(cloud, 0.30, dark)
    outline = np.abs(sun - 0.13) < 0.004
    for crest, hue, lines, lean in ridges:
        depth = y - crest - 0.008 * rough
        inside = depth > 0
        colour[inside] = ramp([hue], 0.0)
        carved = (
            y * (1.2 - abs(lean) * 0.4) + lean * x + 0.05 * np.sin(9 * x + 14 * depth)
        ) * lines + 0.3 * rough
        shadow = (
            0.26 + 0.5 * np.sin(10 * x + lean * 9 * depth + lines) ** 2 * np.exp(-2.2 * depth) + 0.35 * depth
        )
        phase, dark = np.where(inside, carved, phase), np.where(inside, shadow, dark)
        outline = np.where(inside, np.abs(depth) < 0.006, outline)
    ink = 0.5 + 0.5 * np.cos(2 * np.pi * phase) < np.clip(dark + 0.09 * rough, 0.04, 0.93)
    grain = 0.05 * noise(random, n, 7, 2) + 0.07 * np.sin(2 * np.pi * 60 * (y + 0.015 * noise(random, n, 4)))
    worn = (random.random((256, 256)) < 0.012).astype(np.float32)
    worn = np.asarray(Image.fromarray(worn).resize((n, n), Image.Resampling.BICUBIC)) > 0.45
    black = ((ink & ~worn) | outline)[..., None]
    return np.where(black, np.array([0.09, 0.08, 0.10]), colour * (1 + 0.6 * grain[..., None]))


def waves(n: int, random) -> np.ndarray:
    """Rows of breaking waves in Prussian blue, banded along their crests, with foam."""
    x, y = pixels(n)
    canvas = ramp(["e8c58a", "f3e2bd", "f0d6b0", "d9b98c"], y * 2.2 + 0.05 * noise(random, n, 5, 3))
    blues = ["f6eed9", "0d2149", "17407e", "1d5a94", "2f86a6", "86bfc4", "e9ecd8", "1b4a8a", "0f2a5c"]
    sun = np.hypot(x - 0.74, y - 0.10)[..., None]
    canvas = np.where(sun < 0.062, ramp(["d9572b", "ef8a45"], y * 8), canvas)
    rows = 7
    for k in range(rows):
        depth = k / (rows - 1)
        size, base = 0.12 + 0.18 * depth, 0.25 + 0.74 * depth**1.15
        length = 0.26 + 0.40 * depth
        at = x / length + random.random() + 0.06 * np.sin(5 * x + k)
        lean = at + 0.13 * np.sin(2 * np.pi * at)  # the front is steeper than the back
        high = (0.5 + 0.5 * np.cos(2 * np.pi * lean)) ** 1.5
        crest = base - size * 0.62 * high + 0.006 * noise(random, n, 16)
        under = (y - crest) / size
        curl = under + 0.16 * np.sin(2 * np.pi * (lean - 0.9 * under)) + 0.02 * noise(random, n, 10, 2)
        bands = (curl * 2.6) % 1
        colour = ramp(blues, np.floor(bands * 9) / 8 * 0.999)
        colour = colour * (1 - 0.25 * np.clip(under, 0, 1.4))[..., None]
        canvas = np.where((under > 0)[..., None], colour, canvas)
        image = Image.fromarray((np.clip(canvas, 0, 1) * 255).astype(np.uint8))
        draw = ImageDraw.Draw(image)
        top = crest[np.clip((base * n), 0, n - 1).astype(int)]
        for _ in range(900):  # foam: clusters of discs along the high parts of the crest
            i = int(random.random() * n)
            raised, radius = random.random(), min(random.gamma(2.0, 0.0019), 0.007) * (0.6 + depth)
            lift, white = random.normal(0.003, 0.009) * (0.5 + depth), random.random()
            if raised < high[0, i] ** 2.5:
                cx, cy, r = i, (top[i] - lift) * n, max(radius * n, 1)
                edge = (23, 64, 126) if white < 0.85 else (127, 180, 207)
                box = [cx - r, cy - r, cx + r, cy + r]
                draw.ellipse(box, fill=(248, 243, 228), outline=edge, width=max(1, round(n / 700)))
        canvas = np.asarray(image) / 255
    return canvas * (1 + 0.03 * noise(random, n, 90))[..., None]


def stained_glass(n: int, random) -> np.ndarray:
    """A rose window: petals of jewel-coloured glass between leads."""
    x, y = pixels(n)
    x, y = x - 0.5 + 0.003 * noise(random, n, 12), y - 0.5 + 0.003 * noise(random, n, 12)
    radius, angle = np.hypot(x, y), np.arctan2(y, x) / (2 * np.pi)
    key, lead = np.zeros((n, n), dtype=int), np.full((n, n), np.inf)
    rings = [
        (0.05, 8),
        (0.125, 8),
        (0.20, 16),
        (0.285, 16),
        (0.36, 24),
        (0.44, 24),
        (0.53, 32),
        (0.64, 32),
        (0.8, 40),
    ]
    inner = np.zeros((n, n))
    for k, (reach, petals) in enumerate(rings):
        turn = angle * petals + 0.5 * (k % 2)
        outer = reach + 0.020 * np.abs(np.cos(np.pi * turn)) * (1 if k % 2 else -0.6)
        inside = (radius >= inner) & (radius < outer)
        spoke = np.abs((turn + 0.5) % 1 - 0.5) / petals * 2 * np.pi * radius
        distance = np.minimum(np.minimum(radius - inner, outer - radius), spoke)
        diagonal = np.abs((radius - inner) / (outer - inner + 1e-9) - turn % 1) / petals * 4 * radius
        distance = np.where(k % 3 == 2, np.minimum(distance, diagonal), distance)
        half = ((radius - inner) / (outer - inner + 1e-9) > turn % 1) * (k % 3 == 2)
        key = np.where(inside, k * 131 + np.floor(turn).astype(int) % petals * 2 + half, key)
        lead = np.where(inside, distance, lead)
        inner = outer
    jewels = [
        "a3122a",
        "d9322e",
        "f2a51f",
        "f7d65a",
        "0f5e4f",
        "2a9d6f",
        "12307a",
        "2460b8",
        "5a1f7a",
        "8f3fa0",
        "4fb3d9",
    ]
    colour = pick(jewels, key, random)
    streaks = noise(random, n, 10, 3)
    light = 1.05 - 0.75 * radius + 0.16 * streaks + 0.13 * jitter(key, random)
    swirl = np.sin(2 * np.pi * (6 * x + 9 * y + 0.5 * streaks))
    glass = colour * light[..., None] + 0.05 * swirl[..., None] + 0.10 * np.clip(light - 1, 0, 1)[..., None]
    bar = np.clip((lead - 0.0042) / 0.003, 0, 1)[..., None]
    rim = 0.10 * np.exp(-(((lead - 0.0) / 0.0025) ** 2))[..., None]
    return np.clip(glass, 0, 1) * bar + (np.array([0.06, 0.06, 0.075]) + rim) * (1 - bar)


def dots(n: int, random) -> np.ndarray:
    """Small dabs of pure colour, complementary ones side by side: a harbour at sunset."""
    sky = ["26356f", "5a4a9c", "b8578c", "ef8354", "f9c25c", "fdeba8"]
    water = ["fbd87f", "e8845f", "8a5a9c", "2f5d9c", "17406f", "102a4a"]
    canvas = Image.new("RGB", (n, n), (228, 205, 178))
    draw = ImageDraw.Draw(canvas)
    for count, size in ((5200, 0.0105), (9000, 0.0075), (9000, 0.0052)):
        at = random.random((count, 2))
        mixed = random.normal(0, 0.075, count)
        glow = np.exp(-((at[:, 0] - 0.58) ** 2 + (at[:, 1] - 0.46) ** 2) / 0.02)
        high = at[:, 1] / 0.56 + 0.10 * np.sin(6 * at[:, 0] + 11 * at[:, 1]) + 0.4 * glow
        low = (at[:, 1] - 0.56) / 0.44 + 0.06 * np.sin(40 * at[:, 1] + 6 * at[:, 0])
        low = low - 0.7 * np.exp(-((at[:, 0] - 0.58) ** 2) / 0.006) * (1 - low)
        colour = np.where((at[:, 1] < 0.56)[:, None], ramp(sky, high + mixed), ramp(water, low + mixed))
        hill = at[:, 1] > 0.50 + 0.09 * np.sin(4 * at[:, 0] + 2.2)
        land = hill & (at[:, 1] < 0.56 + 0.015 * np.sin(19 * at[:, 0]))
        colour[land] = ramp(["123b3a", "1f6f5c", "3a9d6f", "5a2f7a"], random.random(land.sum()))
        other = random.random(count) < 0.16
        colour[other] = 1 - 0.85 * colour[other]  # the complementary colour: it makes its neighbours glow
        radii = size * random.uniform(0.75, 1.25, count)
        for (px, py), hue, r in zip(at * n, colour, radii * n, strict=True):
            draw.ellipse([px - r, py - r, px + r, py + r], fill=tuple((np.clip(hue, 0, 1) * 255).astype(int)))
    return np.asarray(canvas) / 255


PICTURES = {  # name -> (function, seed)
    "brush_strokes": (brush_strokes, 1),
    "mosaic": (mosaic, 2),
    "woodcut": (woodcut, 3),
    "waves": (waves, 4),
    "stained_glass": (stained_glass, 5),
    "dots": (dots, 6),
}


def draw(name: str, size: int = 512) -> Image.Image:
    """The picture of this name, size x size pixels, RGB; the same for every call."""
    function, seed = PICTURES[name]
    picture = function(size * OVERSAMPLING, np.random.default_rng(seed))
    shown = Image.fromarray(to_bytes(picture, "unit"))
    return shown.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(PICTURES)} (default: all)"
    )
    parser.add_argument("--size", type=int, default=512, help="pixels a side (default: 512)")
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder to write to (default: data/images)")
    given = parser.parse_args()
    for name in given.names or PICTURES:
        picture = draw(name, given.size).quantize(COLOURS, dither=Image.Dither.NONE)
        file = given.to / f"{name}.png"
        with replacing(file) as part:
            picture.save(part, format="PNG", optimize=True)
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
