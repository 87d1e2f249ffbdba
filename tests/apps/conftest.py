"""What the tests of the apps share."""

import asyncio

import pytest


@pytest.fixture(scope="session")
def until():
    """Let the event loop run until a condition holds. A busy machine may take its time; only a hang fails."""

    async def wait(condition):
        async with asyncio.timeout(120):
            while not condition():
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture(scope="session")
def line():
    """line(figure, label): the line of that label, wherever it is drawn."""

    def line(figure, label):
        (found,) = (line for ax in figure.axes for line in ax.get_lines() if line.get_label() == label)
        return found

    return line


@pytest.fixture(scope="session")
def axes():
    """axes(figure, label): those whose vertical axis is called so."""

    def axes(figure, label):
        (found,) = (ax for ax in figure.axes if ax.get_ylabel() == label)
        return found

    return axes
