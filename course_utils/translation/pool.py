"""The critics' memory: made samples of earlier steps (Shrivastava et al. 2017; Zhu et al. 2017, section 4)."""

import torch
from torch import Tensor

from course_utils.checks import instance, whole


class ReplayPool:
    """Keeps ``size`` made samples. Of each new one a coin decides: the critic sees it; or it sees a random old one,
    whose place the new one takes. Until the pool is full, samples are shown and kept.

    ``random`` is the generator of the coins and the places, on the samples' device.
    """

    def __init__(self, size: int, random: torch.Generator):
        self.size, self._random = whole("size", size, 0), random
        self.kept: Tensor | None = None

    def swap(self, made: Tensor) -> Tensor:
        """What the critic sees in place of these (n, ...): as many, one after the other through the pool."""
        instance("made", made, Tensor, "a tensor of made samples")
        made = made.detach()
        if not self.size:
            return made
        kept = made[:0] if self.kept is None else self.kept
        n, held = len(made), len(kept)
        coins = torch.rand(n, generator=self._random, device=self._random.device).tolist()
        places = torch.randint(self.size, (n,), generator=self._random, device=self._random.device).tolist()
        inside, seen = list(range(held)), []  # numbers in `kept`, and behind them in `made`
        for new, coin, place in zip(range(held, held + n), coins, places, strict=True):
            if len(inside) < self.size:
                inside.append(new)
                seen.append(new)
            elif coin < 0.5:
                seen.append(new)
            else:
                seen.append(inside[place])
                inside[place] = new
        both = torch.cat([kept, made])
        self.kept = both[inside]
        return both[seen]

    def state_dict(self) -> dict[str, Tensor]:
        """What it keeps; nothing before the first step."""
        return {} if self.kept is None else {"kept": self.kept}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take back what :meth:`state_dict` gave."""
        kept = state.get("kept")
        self.kept = None if kept is None else kept.to(self._random.device).clone()
