"""Small domains: digits that scikit-learn brings along, and points whose map is linear."""

import numpy as np
import pytest
import torch

from course_utils import translation


@pytest.fixture(scope="session")
def inverted(digits):
    return translation.inverted(digits)


@pytest.fixture(scope="session")
def coloured(digits):
    return translation.coloured(digits)


@pytest.fixture(scope="session")
def linear():
    """x ~ N(0, diag(4, 1/4)) and y = A x of other x: A is not the cheapest such map, but one of many."""
    random = np.random.default_rng(0)
    a = np.array([[0.3, 1.2], [-0.4, 1.0]])
    x, other, test = (random.standard_normal((4_000, 2)) * (2.0, 0.5) for _ in range(3))
    matrix = torch.tensor(a, dtype=torch.float32)
    return translation.Domains(x, other @ a.T, lambda x: x @ matrix.T.to(x), test)
