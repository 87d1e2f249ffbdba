"""All that a training depends on, taken out of a loop and put back."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from course_utils.gan.adversarial import AdversarialLoop

PLAYERS = ("generator", "discriminator")
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")


def take_state(loop: "AdversarialLoop") -> dict[str, Any]:
    """A copy of the recipe, the weights, what the optimizers remember, the random stream and the history."""
    state: dict[str, Any] = {
        "recipe": loop.recipe,
        "random": loop.random.get_state(),
        "log": loop.log.table(),
    }
    state |= {name: getattr(loop, name).state_dict() for name in PLAYERS}
    # Only what they remember: their rates and the like follow from the recipe and the device.
    state |= {name: getattr(loop, name).state_dict()["state"] for name in OPTIMIZERS}
    if loop.average is not None:
        state["average"] = loop.average.module.state_dict()
    return _copied(state)  # torch's own state_dicts share memory with the weights that train on


def put_state(loop: "AdversarialLoop", state: dict[str, Any]) -> None:
    """Give a loop of the same recipe what :func:`take_state` took; a random stream of another kind of device is left
    out."""
    for name in PLAYERS:
        getattr(loop, name).load_state_dict(state[name])
    for name in OPTIMIZERS:
        _remember(getattr(loop, name), state[name])
    if loop.average is not None:
        loop.average.module.load_state_dict(state["average"])
    loop.log.replace(state["log"])
    if state["random"].shape == loop.random.get_state().shape:
        loop.random.set_state(state["random"])
    else:
        loop.random.manual_seed(loop.seed + len(loop.log))


def _copied(state: Any) -> Any:
    """A state with tensors of its own; much faster than copy.deepcopy."""
    if isinstance(state, Tensor):
        return state.detach().clone()
    return {key: _copied(value) for key, value in state.items()} if isinstance(state, dict) else state


def _remember(optimizer: torch.optim.Optimizer, memory: dict[int, dict[str, Any]]) -> None:
    """Give an optimizer a copy of the memory of another one, each number at the place where it is expected.

    A fused optimizer walks through a weight and its averages in the order of memory. An average that
    is laid out otherwise, as a file stores it, would silently be paired with the wrong numbers.
    """
    own = optimizer.state_dict()["param_groups"]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def placed(value: Any, parameter: Tensor) -> Any:
        alike = isinstance(value, Tensor) and value.shape == parameter.shape
        return torch.empty_like(parameter).copy_(value) if alike else _copied(value)

    with torch.no_grad():
        state = {
            i: {name: placed(value, parameters[i]) for name, value in values.items()}
            for i, values in memory.items()
        }
    optimizer.load_state_dict({"state": state, "param_groups": own})
