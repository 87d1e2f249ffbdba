"""The notebooks that use MNIST must pass nbval with it and without it.

`make test` runs nbval with whatever this machine has. Where that is real MNIST, this test plays the other machine,
the one that has neither MNIST nor a network.
"""

import os
import subprocess
import sys

import pytest

NOWHERE = "http://127.0.0.1:9"  # the discard port: a connection is refused at once


@pytest.mark.timeout(900)
def test_without_mnist_and_without_network(path, notebook, mnist_at_hand, tmp_path, root):
    if not any("load_images(" in cell.source for cell in notebook.cells):
        pytest.skip("uses no pictures")
    if not mnist_at_hand:
        pytest.skip("no MNIST here: the ordinary run of nbval is this very check")
    proxies = {name: NOWHERE for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    environment = {**os.environ, **proxies, "COURSE_DATA": str(tmp_path), "NO_PROXY": "", "no_proxy": ""}
    options = [
        "--nbval-current-env",
        "--nbval-cell-timeout=180",
        "--nbval-sanitize-with=tests/notebooks/nbval.cfg",
    ]
    command = ["-m", "pytest", "-q", "--nbval", *options, str(path)]
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []  # nothing was downloaded: it really was without MNIST
