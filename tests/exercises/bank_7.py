"""Answers to lesson 7's tasks."""

import numpy as np
import torch
from scipy.linalg import sqrtm

from course_utils.style import gram_matrix


def gram_in_a_loop(F):
    channels, positions = F.shape
    return [
        [sum(F[i, k] * F[j, k] for k in range(positions)) for j in range(channels)] for i in range(channels)
    ]


def gram(F):
    return np.einsum("ik,jk->ij", F, F)


def style_in_a_loop(F, S):
    G, A = gram_in_a_loop(F), gram_in_a_loop(S)
    total = sum(
        (g - a) ** 2 for row, other in zip(G, A, strict=True) for g, a in zip(row, other, strict=True)
    )
    return total / 4 / len(F) ** 2 / len(F[0]) ** 2


def style_of_tensors(F, S):
    apart = torch.mm(F, F.T) - torch.mm(S, S.T)
    return torch.linalg.matrix_norm(apart) ** 2 / (2 * F.numel()) ** 2


def root(C):
    values, vectors = np.linalg.eigh(C)
    return vectors @ np.diag(np.sqrt(values)) @ vectors.T


def by_eigenvalues(C, C_new):
    r = root(C)
    b = np.linalg.inv(r)
    return b @ root(r @ C_new @ r) @ b


def from_the_other_side(C, C_new):
    """C'^1/2 (C'^1/2 C C'^1/2)^-1/2 C'^1/2: the same matrix."""
    r = root(C_new)
    return r @ np.linalg.inv(root(r @ C @ r)) @ r


def of_tensors(C, C_new):
    def of(M):
        values, vectors = torch.linalg.eigh(M)
        return vectors @ torch.diag(values.sqrt()) @ vectors.T

    r = of(torch.as_tensor(C))
    b = torch.linalg.inv(r)
    return b @ of(r @ torch.as_tensor(C_new) @ r) @ b


WRONG = {
    "7.1": [
        ("as many rows as positions", lambda F: gram(F.T)),
        ("divided by the positions", lambda F: gram(F) / F[0].size),
        ("blind to the order", lambda F: gram(F * np.arange(F.shape[1]))),
        ("not negative on the diagonal", lambda F: -gram(F)),
    ],
    "7.2": [
        ("the slide's factor", lambda F, S: np.square(gram(F) - gram(S)).sum() / 4 / F.size),
        ("four times", lambda F, S: 4 * style_in_a_loop(F, S)),
        ("0 for the style itself", lambda F, S: np.square(gram(F) + gram(S)).sum()),
    ],
    "7.3": [
        ("moves further", lambda C, D: root(D) @ np.linalg.inv(root(C))),
        ("the photograph's colours", lambda C, D: by_eigenvalues(D, C)),
        ("A carries C", lambda C, D: np.eye(len(C)) * 1.5),
    ],
    "7.4": [
        ("lines 1 to 5", 0),
        ("its number is whole", 3.5),
    ],
}

RIGHT = {
    "7.1": [
        gram_in_a_loop,
        gram,
        lambda F: gram_matrix(torch.as_tensor(F)[None, :, None])[0],
        lambda F: np.inner(F, F),
    ],
    "7.2": [
        style_in_a_loop,
        style_of_tensors,
        lambda F, S: np.square(gram(F) - gram(S)).sum() / (2 * F.size) ** 2,
    ],
    "7.3": [
        by_eigenvalues,
        from_the_other_side,
        of_tensors,
        lambda C, D: np.real(sqrtm(D @ C) @ np.linalg.inv(C)),
        lambda C, D: sqrtm(D @ C).astype(complex) @ np.linalg.inv(C),
    ],
    "7.4": [4, 4.0, torch.tensor(4), np.float32(4)],
    "7.5": [
        "It forgets where things are, and keeps which channels fire together; channels see patches, so "
        "strokes survive.",
        "The positions: their order does not matter to a sum. Correlations of channels that see a neighbourhood are "
        "texture.",
        "The place. Which features occur jointly is kept, and deep features are patterns like strokes.",
    ],
}
