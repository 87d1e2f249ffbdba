"""Data as tensors."""

import numpy as np
import pytest
import torch

from course_utils.training.state import shared_tensor


def test_what_can_be_written_is_not_copied():
    data = np.arange(12, dtype=np.uint8).reshape(3, 4)
    found = shared_tensor(data)
    data[1, 2] = 99
    assert found[1, 2] == 99


@pytest.mark.parametrize("kind", ["read-only", "backwards", "columns"])
def test_what_torch_would_warn_of_or_refuse_is_copied(kind):
    data = np.arange(12, dtype=np.uint8).reshape(3, 4)
    if kind == "read-only":
        data.flags.writeable = False
    data = {"backwards": data[::-1], "columns": data[:, ::2]}.get(kind, data)
    found = shared_tensor(data)  # a warning would be an error here
    assert torch.equal(found, torch.tensor(data.tolist(), dtype=torch.uint8))
