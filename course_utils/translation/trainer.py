"""Train two translators and two critics on unpaired domains: the one loop, with the cycle as a term of the loss."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_utils import checks
from course_utils.training import TrainingLoop, descend, still
from course_utils.translation.domains import Domains, as_seen
from course_utils.translation.losses import FROM_SOURCE, FROM_TARGET, REAL, class_loss, least_squares
from course_utils.translation.networks import ARCHITECTURES, FromFeatures
from course_utils.translation.pool import ReplayPool
from course_utils.translation.recipes import RECIPES, CycleRecipe


class CycleTrainer(TrainingLoop):
    """The loop on ``generators`` (G forward, F backward) and ``critics`` (of x, of y), one optimizer for each pair.

    A step draws x and y independently of each other, improves both translators, then both critics, which see made
    samples of earlier steps as well (Zhu et al. 2017). The known map of the domains is never looked at.

    Parameters
    ----------
    domains : :class:`~course_utils.translation.Domains`.
    recipe : a name in :data:`~course_utils.translation.RECIPES`, or a :class:`~course_utils.translation.CycleRecipe`.
    encoder : f, a network (n, ...) -> (n, features) that is given and stays as it is; for recipes with
        ``given_encoder`` or ``constancy_weight``. It reads both domains.
    device, seed : see :class:`~course_utils.training.TrainingLoop`. On the CPU, the same seed gives the same run.
    **overrides : settings of the recipe to replace, such as ``identity_weight=5``.

    Raises
    ------
    ValueError
        for a recipe that does not exist or does not fit the domains, or a missing encoder.
    """

    parts = ("generators", "critics")
    quantities = ("adversarial", "critic_loss", "cycle", "identity", "constancy", "transport")
    optional = ("identity", "constancy", "transport")
    averaged = "generators"
    recordable = False  # the pool is shuffled by Python

    recipe: CycleRecipe
    generators: nn.ModuleDict
    critics: nn.ModuleDict
    generators_optimizer: Optimizer
    critics_optimizer: Optimizer

    def __init__(
        self,
        domains: Domains,
        recipe: str | CycleRecipe = "cycle",
        *,
        encoder: nn.Module | None = None,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        self.domains = checks.instance(
            "domains", domains, Domains, "Domains", "and the recipe comes after it"
        )
        checks.instance("encoder", encoder, (nn.Module, type(None)), "a network, or None")
        self._given = [encoder]  # in a list: it is no part of the training
        recipe = CycleRecipe.named(recipe, RECIPES, **overrides)
        self._look_at(recipe)
        if encoder is not None:  # before G looks at its features: batch norm must not learn from that
            encoder.eval().requires_grad_(False)
        super().__init__(recipe, device=device, seed=seed)
        if encoder is not None:
            encoder.to(self.device)
        self._x, self._y = domains.x.to(self.device), domains.y.to(self.device)
        self._make_pools()

    def _look_at(self, recipe: CycleRecipe) -> None:
        """Refuse a recipe that does not fit the domains."""
        shape_x, shape_y = self.domains.shapes
        if ARCHITECTURES[recipe.architecture].pictures_only and not self.domains.pictures:
            raise ValueError(
                f"architecture {recipe.architecture!r} translates pictures, and these domains hold points: take 'mlp'."
            )
        across = [
            name
            for name, used in {
                "identity_weight": recipe.identity_weight > 0,
                "transport_weight": recipe.transport_weight > 0,
                "constancy_weight": recipe.constancy_weight > 0,
                "game='three-class'": recipe.game == "three-class",
            }.items()
            if used
        ]
        if across and shape_x != shape_y:
            raise ValueError(
                f"{' and '.join(across)} feed samples of one domain to what is made for the other, but x has shape "
                f"{shape_x} and y {shape_y}: they must be equal for that."
            )
        if recipe.needs_encoder and self._given[0] is None:
            raise ValueError(
                f"encoder is None, but recipe {recipe.name!r} asks for a given network f (given_encoder or "
                "constancy_weight): give encoder=, a network from samples to features."
            )

    def _refuse(self, recipe: Any, what: str) -> None:
        super()._refuse(recipe, what)
        self._look_at(recipe)

    # ------------------------------------------------------------------ the parts

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        """Two translators and two critics for these shapes."""
        recipe, (shape_x, shape_y) = self.recipe, self.domains.shapes
        kind, scores = ARCHITECTURES[recipe.architecture], 3 if recipe.game == "three-class" else 1
        if recipe.given_encoder and self._given[0] is not None:
            forward: nn.Module = FromFeatures(self._given[0], shape_x, shape_y, recipe.widths)
        else:
            forward = kind.translator(shape_x, shape_y, recipe.widths)
        backward = kind.translator(shape_y, shape_x, recipe.widths)
        critics = {
            "x": kind.critic(shape_x, recipe.critic_widths, scores),
            "y": kind.critic(shape_y, recipe.critic_widths, scores),
        }
        return nn.ModuleDict({"G": forward, "F": backward}), nn.ModuleDict(critics)

    def _make_pools(self) -> None:
        self.pools = {side: ReplayPool(self.recipe.pool, self.random) for side in ("y", "x")}

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.recipe.architecture == "conv" else torch.preserve_format

    @property
    def forward_map(self) -> nn.Module:
        """G: x -> y, the averaged one where the recipe has one."""
        return self.best["G"]

    @property
    def backward_map(self) -> nn.Module:
        """F: y -> x, likewise."""
        return self.best["F"]

    def change(self, **settings: Any) -> None:
        """As of any trainer; another size of ``pool`` begins with an empty one."""
        before = self.recipe.pool
        super().change(**settings)
        if self.recipe.pool != before:
            self._make_pools()

    # ------------------------------------------------------------------ a step

    def batch(self) -> tuple[Tensor, Tensor]:
        """batch_size samples of each domain as networks see them, drawn with replacement; no x belongs to a y."""
        x, y = (as_seen(side.index_select(0, self.drawn(len(side)))) for side in (self._x, self._y))
        return x, y

    def update(self) -> Tensor:
        x, y = self.batch()
        recipe, f = self.recipe, self._given[0]
        g, back = self.generators["G"], self.generators["F"]
        with still(self.critics), self.precision():
            made_y, made_x = g(x), back(y)
            cycle = (back(made_y) - x).abs().mean() + (g(made_x) - y).abs().mean()
            same_y = same_x = None
            if recipe.identity_weight or recipe.game == "three-class":
                same_y, same_x = g(y), back(x)
            adversarial = self._wanted(made_y, same_y, "y") + self._wanted(made_x, same_x, "x")
            loss = recipe.gan_weight * adversarial + recipe.cycle_weight * cycle
            terms: dict[str, Tensor] = {}
            if recipe.identity_weight and same_y is not None and same_x is not None:
                terms["identity"] = (same_y - y).abs().mean() + (same_x - x).abs().mean()
                loss = loss + recipe.identity_weight * terms["identity"]
            if recipe.constancy_weight and f is not None:
                terms["constancy"] = (f(made_y) - f(x)).square().mean()
                loss = loss + recipe.constancy_weight * terms["constancy"]
            if recipe.transport_weight:
                terms["transport"] = (made_y - x).square().mean() + (made_x - y).square().mean()
                loss = loss + recipe.transport_weight * terms["transport"]
        descend(self.generators_optimizer, loss)
        critic_loss = self._judged(y, made_y, same_y, "y") + self._judged(x, made_x, same_x, "x")
        descend(self.critics_optimizer, critic_loss)
        missing = torch.full((), torch.nan, device=self.device)
        rest = (terms.get(name, missing) for name in self.optional)
        return torch.stack([value.detach().float() for value in (adversarial, critic_loss, cycle, *rest)])

    def _wanted(self, made: Tensor, same: Tensor | None, side: str) -> Tensor:
        """What the translators pay when a critic sees through what they made."""
        critic = self.critics[side]
        if self.recipe.game == "lsgan":
            return least_squares(critic(made), 1)
        return class_loss(critic(made), REAL) + class_loss(critic(same), REAL)  # DTN, equation 4

    def _judged(self, real: Tensor, made: Tensor, same: Tensor | None, side: str) -> Tensor:
        """What a critic pays; it sees made samples through its pool."""
        critic, shown = self.critics[side], self.pools[side].swap(made)
        with self.precision():
            if self.recipe.game == "lsgan":  # halved, as Zhu et al. do: critics are to learn more slowly
                return (least_squares(critic(real), 1) + least_squares(critic(shown), 0)) / 2
            assert same is not None
            return (  # DTN, equation 3
                class_loss(critic(shown), FROM_SOURCE)
                + class_loss(critic(same.detach()), FROM_TARGET)
                + class_loss(critic(real), REAL)
            )

    # ------------------------------------------------------------------ results

    def own_state(self) -> dict[str, Any]:
        return {"pools": {side: pool.state_dict() for side, pool in self.pools.items()}}

    def load_own_state(self, state: dict[str, Any]) -> None:
        self._make_pools()
        for side, pool in self.pools.items():
            pool.load_state_dict(state["pools"][side])
