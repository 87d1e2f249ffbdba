"""What can be dragged in a picture: places in the units of its axes."""

from dataclasses import dataclass

from matplotlib.axes import Axes

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Handle:
    """A point of an axes that can be dragged, in the axes' units. Without ``y`` it is an upright line at ``x``, without
    ``x`` a level line at ``y``, without both every place in the axes."""

    axes: Axes
    x: float | None = None
    y: float | None = None

    def box(self) -> Box:
        """Where it is in the picture: left, top, right and bottom, as shares of its width and height."""
        width, height = self._size()
        frame = self.axes.bbox
        inside = self.axes.get_xlim()[0], self.axes.get_ylim()[0]  # of a logarithmic axis 0 is no place
        at = [here if given is None else given for given, here in zip((self.x, self.y), inside, strict=True)]
        x, y = self.axes.transData.transform(at)
        left, right = (frame.x0, frame.x1) if self.x is None else (x, x)
        bottom, top = (frame.y0, frame.y1) if self.y is None else (y, y)
        return (
            float(left / width),
            float(1 - top / height),
            float(right / width),
            float(1 - bottom / height),
        )

    def units(self, across: float, down: float) -> tuple[float, float]:
        """The axes' units of a place in the picture, inside of the axes or not."""
        width, height = self._size()
        x, y = self.axes.transData.inverted().transform((across * width, (1 - down) * height))
        return float(x), float(y)

    def _size(self) -> tuple[float, float]:
        figure = self.axes.get_figure(root=True)
        assert figure is not None, "a handle needs axes that stand in a figure"
        return figure.bbox.width, figure.bbox.height
