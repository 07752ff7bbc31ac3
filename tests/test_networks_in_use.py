"""What becomes of the page when a visitor's own networks answer on it."""

import numpy as np
import pytest

from mnist_visual.components import NetworksInUse, Sketchpad, TrainingMonitor
from mnist_visual.components._shipped_plane import shipped_plane
from mnist_visual.inference import shared_network
from mnist_visual.live_training.records import Snapshot

from .training_fakes import FakeQueue, snapshot_at, validation


@pytest.fixture
def monitor():
    return TrainingMonitor(Sketchpad(), queue=FakeQueue())


@pytest.fixture
def networks(monitor, sent):
    networks = NetworksInUse(monitor)
    networks._handle_msg({"kind": "ready"})
    sent.clear()
    return networks


def read_by(classifier):
    return classifier(validation()[0][:20] / np.float32(255)).argmax(1)


def test_at_first_the_shipped_ones_answer(networks):
    assert networks.classifier is shared_network()
    assert networks.plane() is shipped_plane()
    assert networks._state()["own"] == []


def test_ones_own_classifier_reads(networks, monitor, sent):
    own = snapshot_at("classifier", 0.5)
    monitor.use("classifier", own)
    assert (read_by(networks.classifier) == own.predictions[:20]).all()
    assert (read_by(networks.classifier) != read_by(shared_network())).any()
    assert sent[-1][1]["own"] == [["network", 0.5]]


def test_it_judges_the_plane_of_the_shipped_autoencoder(networks, monitor):
    monitor.use("classifier", snapshot_at("classifier", 1))
    plane = networks.plane()
    assert plane.classifier is networks.classifier
    assert plane.vae is shipped_plane().vae
    assert (plane.codes == shipped_plane().codes).all()


def test_ones_own_autoencoder_has_a_plane_of_the_validation_pictures(networks, monitor):
    own = snapshot_at("vae", 2)
    monitor.use("vae", own)
    plane = networks.plane()
    assert plane.vae is networks.vae
    assert (plane.codes == own.codes).all()
    assert (plane.labels == validation()[1]).all()
    assert (plane.examples.images == validation()[0]).all()
    code, _ = plane.vae.encoder(validation()[0][:1] / np.float32(255))
    assert code[0] == pytest.approx(own.codes[0], abs=1e-3)


def test_only_what_changes_is_made_anew(networks, monitor):
    heard = []
    networks.param.watch(lambda change: heard.append(change.name), ["classifier", "vae"])
    monitor.use("classifier", snapshot_at("classifier", 1))
    monitor.use("vae", snapshot_at("vae", 1))
    monitor.use("vae", None)
    assert heard == ["classifier", "vae", "vae"]


def test_back_to_the_shipped_ones(networks, monitor, sent):
    monitor.use("classifier", snapshot_at("classifier", 1))
    monitor.use("vae", snapshot_at("vae", 1))
    networks._handle_msg({"kind": "back"})
    assert monitor.chosen == {}
    assert networks.classifier is shared_network()
    assert networks.plane() is shipped_plane()
    assert sent[-1][1]["own"] == []


def broken(kind):
    """A network that has come apart."""
    snapshot = snapshot_at(kind, 1)
    if kind == "vae":
        return Snapshot(1, {}, snapshot.weights, codes=snapshot.codes * np.float32(1e6))
    weights = dict(snapshot.weights)
    kernel, bias = weights["dense"]
    weights["dense"] = kernel * np.float32(np.nan), bias
    return Snapshot(1, {}, weights)


@pytest.mark.parametrize("kind", ["classifier", "vae"])
def test_a_network_that_has_come_apart_is_refused(networks, monitor, kind):
    with pytest.raises(ValueError, match="come apart"):
        monitor.use(kind, broken(kind))
    assert networks.classifier is shared_network()
    assert monitor.chosen == {}
