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
