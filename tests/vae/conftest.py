"""A small autoencoder in double precision, and one whose evidence is known: probabilistic PCA."""

import numpy as np
import pytest
import torch

from course_utils.vae import VAE


@pytest.fixture
def small():
    torch.manual_seed(0)
    return VAE(2, (8,), data_dim=6).double()


@pytest.fixture
def binary():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 2, (5, 6)).astype(float))


@pytest.fixture
def pca():
    """A linear Gaussian VAE with its encoder at the exact posterior; and data, and log p(x) in closed form.

    x = W z + mu + sigma epsilon: x ~ N(mu, W W' + sigma^2 I), and with M = W'W / sigma^2 + I
    z | x ~ N(M^-1 W'(x - mu) / sigma^2, M^-1) (Tipping and Bishop 1999). The columns of W are orthogonal, so that the
    posterior's covariance is diagonal, as the encoder's is.
    """
    draw = np.random.default_rng(1)
    w = np.linalg.qr(draw.standard_normal((5, 2)))[0] * (2.0, 0.7)
    mu, variance = draw.standard_normal(5), 0.3
    precision = w.T @ w / variance + np.eye(2)
    x = draw.standard_normal((7, 5)) * 2
    model = VAE(2, (), likelihood="gaussian", data_dim=5).double()
    back = np.linalg.solve(precision, w.T) / variance
    state = {
        "decoder.0.weight": np.vstack([w, np.zeros((1, 2))]),
        "decoder.0.bias": np.append(mu, np.log(variance)),
        "encoder.0.weight": np.vstack([back, np.zeros((2, 5))]),
        "encoder.0.bias": np.concatenate([-back @ mu, -np.log(np.diag(precision))]),
    }
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    from scipy.stats import multivariate_normal

    evidence = multivariate_normal(mu, w @ w.T + variance * np.eye(5)).logpdf(x)
    return model, torch.from_numpy(x), evidence
