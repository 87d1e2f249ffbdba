"""Every matching of equal modes is a perfect CycleGAN, and one of them is optimal transport."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from course_utils import translation
from course_utils.translation import cycle_loss, found_matching, mode_map


@pytest.mark.parametrize(
    ("weights", "count"), [((1,) * 4, 24), ((2, 2, 1, 1, 1), 12), ((1, 2, 3), 1), ((1,) * 5, factorial(5))]
)
def test_they_are_counted(weights, count):
    found = translation.matchings(translation.clouds(weights, n=8))
    assert len({each.order for each in found}) == len(found) == count
    costs = [each.cost for each in found]
    assert costs == sorted(costs)


def test_each_of_them_has_a_perfect_cycle_and_the_right_distribution():
    """A matching moves the modes as they are: so G(x) has the modes, the spread and the weights of y."""
    domains = translation.clouds((2, 2, 1), n=3_000)
    x, y = domains.x, domains.y
    for matching in translation.matchings(domains):
        g = mode_map(domains.x_modes, domains.y_modes, matching.order)
        f = mode_map(domains.y_modes, domains.x_modes, matching.inverse)
        assert cycle_loss(g, f, x, y).item() < 1e-6
        centres = torch.as_tensor(domains.y_modes, dtype=x.dtype)
        made, real = (torch.cdist(each, centres).min(1) for each in (g(x), y))
        shares = [torch.bincount(each.indices, minlength=3) / len(x) for each in (made, real)]
        assert shares[0].tolist() == pytest.approx(shares[1].tolist(), abs=0.05)
        assert made.values.square().mean().item() == pytest.approx(
            real.values.square().mean().item(), rel=0.1
        )
        found = found_matching(g, domains)
        assert found.matching.order == matching.order
        assert found.purity == 1


def test_a_permutation_of_unequal_modes_has_a_perfect_cycle_and_the_wrong_distribution():
    domains = translation.clouds((5, 1))
    g, f = (
        mode_map(*sides, (1, 0))
        for sides in ((domains.x_modes, domains.y_modes), (domains.y_modes, domains.x_modes))
    )
    assert cycle_loss(g, f, domains.x, domains.y).item() < 1e-6
    near = torch.cdist(g(domains.x), torch.as_tensor(domains.y_modes, dtype=domains.x.dtype)).argmin(1)
    assert near.float().mean().item() == pytest.approx(5 / 6, abs=0.05)  # of y's points it is a sixth


@pytest.mark.parametrize("turn", [10.0, 100.0, 200.0])
def test_the_cheapest_is_that_of_an_independent_solver(turn):
    domains = translation.clouds((1,) * 5, turn=turn, n=8)
    costs = cdist(domains.x_modes, domains.y_modes, "sqeuclidean")
    rows, columns = linear_sum_assignment(costs)
    best = translation.cheapest(domains)
    assert best.order == tuple(columns)
    assert best.cost == pytest.approx(costs[rows, columns].mean())
    assert best == translation.matchings(domains)[0]


def test_where_transport_splits_a_mode_or_the_orders_are_too_many_nothing_is_claimed():
    heavy = translation.clouds((1, 2, 3, 4), turn=80, n=8)
    with pytest.raises(ValueError, match="optimal transport splits one of them"):
        translation.cheapest(heavy)
    assert translation.cheapest(translation.clouds((1, 2, 3, 4), n=8)).order == (0, 1, 2, 3)
    with pytest.raises(ValueError, match="domains have 9 modes; of more than 8"):
        translation.matchings(translation.clouds((1,) * 9, n=8))


def test_what_is_no_matching_is_called_none():
    domains = translation.clouds()
    collapsed = found_matching(lambda x: 0 * x + torch.tensor([1.0, 0.6]), domains)
    assert collapsed.matching is None
    half = mode_map(domains.x_modes, domains.y_modes, (0, 1, 2, 3))

    def torn(x):  # every other point of each mode goes elsewhere
        return torch.where((torch.arange(len(x)) % 2 == 0)[:, None], half(x), half(x).roll(1, 0))

    assert found_matching(torn, domains).matching is None
    assert found_matching(domains.known, domains).matching.order == (0, 1, 2, 3)


def test_all_orders_are_tried():
    assert {m.order for m in translation.matchings(translation.clouds(n=8))} == set(permutations(range(4)))
    assert np.argsort((2, 0, 1)).tolist() == list(translation.Matching((2, 0, 1), 0.0).inverse)
