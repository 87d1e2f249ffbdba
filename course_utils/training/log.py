"""What was measured at each step, kept on the device until somebody looks: a look makes a GPU wait, a step must not."""

import torch
from torch import Tensor


class StepLog:
    """A table with one row per step; appending is cheap, and reading costs one transfer at most."""

    def __init__(self, columns: int, device: torch.device):
        self._table = torch.empty(0, columns, device=device)
        self._rows: list[Tensor] = []  # not yet in the table

    def __len__(self) -> int:
        return len(self._table) + len(self._rows)

    def append(self, row: Tensor) -> None:
        self._rows.append(row)

    def table(self) -> Tensor:
        """All rows, (steps, columns), on the device."""
        if self._rows:
            self._table = torch.cat([self._table, torch.stack(self._rows).to(self._table.dtype)])
            self._rows = []
        return self._table

    def replace(self, table: Tensor) -> None:
        """Forget all rows and take these instead."""
        self._table, self._rows = table.to(self._table), []
