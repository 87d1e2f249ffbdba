"""What was measured at each step, kept on the device until somebody looks: a look makes a GPU wait, a step must not."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor


class StepLog:
    """A table with one row per step and one column per quantity, asked for by its name.

    Appending is cheap, and reading costs one transfer at most.
    """

    def __init__(self, names: Sequence[str], device: torch.device):
        self.names = tuple(names)
        self._table = torch.empty(0, len(self.names), device=device)
        self._rows: list[Tensor] = []  # not yet in the table
        self._unmeasured = dict.fromkeys(self.names, 0)

    def __len__(self) -> int:
        return len(self._table) + len(self._rows)

    def append(self, row: Tensor, measured: Collection[str] | None = None) -> None:
        """The numbers of one more step, in the order of ``names``; NaN for what was not ``measured`` (None: all was).

        Raises
        ------
        ValueError
            for a row of another length.
        """
        if row.shape != (len(self.names),):
            raise ValueError(
                f"a step measures {', '.join(self.names)}: one number each, and not a row of shape {tuple(row.shape)}."
            )
        for name in set(self.names).difference(self.names if measured is None else measured):
            if self._unmeasured[name] == len(self):
                self._unmeasured[name] += 1
        self._rows.append(row.detach())

    def table(self) -> Tensor:
        """All rows, (steps, quantities), on the device."""
        if self._rows:
            self._table = torch.cat([self._table, torch.stack(self._rows).to(self._table.dtype)])
            self._rows = []
        return self._table

    def columns(self, *names: str) -> Tensor:
        """These quantities at all steps, (steps, len(names)), on the device.

        Raises
        ------
        ValueError
            for a quantity that is not logged.
        """
        return self.table()[:, [self._place(name) for name in names]]

    def last(self, name: str) -> Tensor:
        """That quantity at the last step, a scalar; NaN before the first one."""
        row = self._rows[-1] if self._rows else self._table[-1] if len(self._table) else None
        if row is None:
            return torch.tensor(torch.nan, device=self._table.device)
        return row[self._place(name)]

    def unmeasured(self, name: str) -> int:
        """For how many steps, from the first on, there is no number of that quantity: nobody has measured it yet."""
        return self._unmeasured[name]

    def replace(self, table: Tensor) -> None:
        """Forget all rows and take these instead.

        Raises
        ------
        ValueError
            for a table of other quantities, which has another number of columns.
        """
        self.check(table)
        self._table, self._rows = table.to(self._table), []
        absent = self._table.isnan().int().cumprod(dim=0).sum(dim=0).tolist()
        self._unmeasured = dict(zip(self.names, absent, strict=True))

    def check(self, table: Tensor) -> None:
        """Raise a ValueError for a table of other quantities, which has another number of columns."""
        if table.shape[1:] != self._table.shape[1:]:
            raise ValueError(
                f"this log has {table.shape[-1]} quantities a step, and there should be {len(self.names)}: "
                f"{', '.join(self.names)}."
            )

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"{name!r} is not logged; logged are: {', '.join(self.names)}.")
        return self.names.index(name)
