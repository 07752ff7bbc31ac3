"""How the dashboard is started, and what a mistake on the command line is answered with."""

import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bokeh.server.views.ws import WSHandler
from tornado.websocket import WebSocketClosedError

from mnist_visual import cli, inference, server
from mnist_visual._rejoining import is_news
from mnist_visual.components import Address, Reading, Sketchpad
from mnist_visual.evaluation import evaluate_classifier, format_confusion
from mnist_visual.inference import shared_network
from mnist_visual.vae_evaluation import evaluate_vae
from mnist_visual.weights import save_weights

CLASSIFIER = Path(inference.__file__).parent / "pretrained" / "classifier.weights.h5"


class TestOrigins:
    def test_only_this_machine_may_connect(self):
        assert server.origins("localhost", 5006, []) == ["127.0.0.1:5006", "localhost:5006"]

    def test_the_address_that_it_listens_on_may(self):
        assert "10.1.2.3:80" in server.origins("10.1.2.3", 80, [])

    def test_on_all_addresses_the_machines_own_name_may(self):
        assert f"{socket.gethostname()}:80" in server.origins("0.0.0.0", 80, [])

    def test_others_may_where_they_are_named(self):
        assert server.origins("localhost", 80, ["demo.example:8080"])[-1] == "demo.example:8080"

    @pytest.mark.parametrize("origin", ["*", "http://a", "a b", "a:b", "", "a/b", "a:99999", 80])
    def test_what_is_no_host_is_refused(self, origin):
        with pytest.raises(ValueError, match="host or host:port"):
            server.origins("localhost", 80, [origin])

    @pytest.mark.parametrize("given", ["demo.example", ["demo.example"], iter(["demo.example"])])
    def test_one_host_may_be_named_alone(self, given):
        running = server.serve(allow_origin=given, port=0, show=False, start=False)
        running.stop()
        own = {f"localhost:{running.port}", f"127.0.0.1:{running.port}"}
        assert running._tornado.websocket_origins == own | {"demo.example:80"}


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"port": "80"}, "port is a whole number, 0 to 65,535. Received: '80'."),
        ({"port": 99999}, "port is a whole number, 0 to 65,535. Received: 99999."),
        ({"most_sessions": 2.5}, "most_sessions is a whole number, from 1 up. Received: 2.5."),
    ],
)
def test_what_is_no_number_in_its_range_is_refused(options, rule):
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        server.serve(**options)


def test_small_answers_are_not_held_back(monkeypatch):
    calls = []
    monkeypatch.setattr(WSHandler, "open", lambda _: calls.append("opened"))
    server.send_without_delay()
    server.send_without_delay()

    class Handler:
        def set_nodelay(self, value):
            calls.append(value)

    WSHandler.open(Handler())
    assert calls == [True, "opened"]


@pytest.mark.parametrize(
    ("error", "message", "told"),
    [
        (WebSocketClosedError(), "Task exception was never retrieved", False),
        (None, "Failed sending message as connection was closed", False),
        (ValueError("x"), "Task exception was never retrieved", True),
        (None, "A page cannot be built.", True),
    ],
)
def test_that_a_visitor_left_is_not_logged_but_all_else(error, message, told):
    exc_info = error and (type(error), error, None)
    record = logging.LogRecord("asyncio", logging.ERROR, "", 1, message, (), exc_info)
    assert is_news(record) == told


def test_the_page_is_found():
    assert server.page_function().__name__ == "dashboard"


def test_the_unit_selected_in_the_whole_network_is_on_the_curves():
    page = server.page_function().__globals__
    reading = Reading(shared_network(), Sketchpad())
    explorer = page["network_explorer"](reading)
    sections = page["network"](reading, lambda: explorer, Address({}))
    sections.links.active = "activation"
    (curves,) = sections.links.slots["activation"]
    explorer.show_unit("conv1", (12, 12, 3))
    assert curves.unit == ("conv1", (12, 12, 3))


def run(*arguments):
    command = [sys.executable, "-m", "mnist_visual", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


class TestEvaluate:
    """What `mnist-visual evaluate` prints, against the functions that it is for."""

    @pytest.fixture
    def mnist(self, tmp_path, test_digits):
        """The path of a small data set, and its test digits."""
        images, labels = (part[::40] for part in test_digits)
        parts = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
        np.savez(tmp_path / "mnist.npz", **parts)
        return tmp_path / "mnist.npz", (images, labels)

    @pytest.fixture(autouse=True)
    def compiled(self, monkeypatch, trained, trained_vae):
        """Give the command the networks that other tests use, and have compiled."""
        models = {"classifier": trained, "vae": trained_vae}
        monkeypatch.setattr("mnist_visual.weights.load_pretrained", models.__getitem__)

    def classifier_lines(self, model, digits):
        result = evaluate_classifier(model, *digits)
        share = f"MNIST's test digits: {result.accuracy:.2%} of {result.n} read correctly."
        return [share, *format_confusion(result.confusion).splitlines(), ""]

    def vae_line(self, model, digits):
        result = evaluate_vae(model, digits[0], draws=5)
        return (
            f"MNIST's test digits: ELBO {result.elbo:.2f} nats a picture (reconstruction "
            f"{result.reconstruction:.2f}, KL {result.kl:.2f}), the mean of {result.n} pictures "
            f"and 5 draws, which spread by {result.spread:.2f}."
        )

    def test_both_networks_are_measured(self, mnist, trained, trained_vae, capsys):
        path, digits = mnist
        assert cli.main(["evaluate", "--mnist", str(path)]) == 0
        assert capsys.readouterr().out.splitlines() == [
            *self.classifier_lines(trained, digits),
            self.vae_line(trained_vae, digits),
        ]

    def test_one_network_is_measured_alone(self, mnist, trained, trained_vae, capsys):
        path, digits = mnist
        for model, lines in (
            ("classifier", self.classifier_lines(trained, digits)),
            ("vae", [self.vae_line(trained_vae, digits)]),
        ):
            assert cli.main(["evaluate", model, "--mnist", str(path)]) == 0
            assert capsys.readouterr().out.splitlines() == lines

    @pytest.mark.parametrize("arguments", [[], ["vae"]])
    def test_a_file_of_weights_is_of_one_network(
        self, mnist, arguments, trained, trained_vae, tmp_path, monkeypatch, capsys
    ):
        path, digits = mnist
        file = tmp_path / "own.weights.h5"
        save_weights(trained_vae if arguments else trained, file)
        monkeypatch.setattr("mnist_visual.weights.load_pretrained", None)
        assert cli.main(["evaluate", *arguments, "--mnist", str(path), "--weights", str(file)]) == 0
        assert capsys.readouterr().out.splitlines() == (
            [self.vae_line(trained_vae, digits)]
            if arguments
            else self.classifier_lines(trained, digits)
        )


class TestCommand:
    def test_a_taken_port_is_one_sentence(self):
        with socket.create_server(("localhost", 0)) as taken:
            port = str(taken.getsockname()[1])
            result = run("serve", "--no-browser", "--port", port)
        assert result.returncode == 2
        assert result.stderr.splitlines() == [
            f"mnist-visual serve: port {port} is taken; "
            "name another with --port, or --port 0 for any."
        ]

    @pytest.mark.parametrize(
        ("arguments", "received"),
        [
            (["serve", "--port", "99999"], "99999"),
            (["serve", "--port", "eighty"], "eighty"),
            (["serve", "--address", "203.0.113.7", "--port", "0"], "203.0.113.7"),
            (["serve", "--address", "::1"], "'::1'"),
            (["serve", "--address", "nowhere.invalid"], "'nowhere.invalid'"),
            (["serve", "--allow-origin", "*"], "'*'"),
            (["serve", "--most-sessions", "0"], "'0'"),
            (["serve", "--fast"], "--fast"),
            (["dance"], "dance"),
            (["train", "--epochs", "0"], "0"),
            (["train", "--epochs", "x"], "'x'"),
            (["train", "--writers", "all"], "'all'"),
            (["evaluate"], "test digits"),
            (["train", "--output", "no/such/folder/w.weights.h5"], "no/such/folder"),
            (["train", "--output", "weights.txt"], "weights.txt"),
            (["train", "--codes", "codes.npz"], "--codes"),
            (["train", "vae", "--codes", "codes.txt"], "codes.txt"),
            (["train", "vae", "--codes", "no/such/folder/codes.npz"], "no/such/folder"),
            (["evaluate", "--mnist", "no-such.npz"], "no-such.npz"),
            (["evaluate", "--weights", "no-such.weights.h5"], "no-such.weights.h5"),
            (["evaluate", "vae"], "test digits"),
            (["evaluate", "decoder"], "decoder"),
            (["evaluate", "vae", "--weights", "no-such.weights.h5"], "no-such.weights.h5"),
            (["evaluate", "vae", "--weights", str(CLASSIFIER)], "classifier.weights.h5"),
            (["evaluate", "vae", "--pen", "digits.npz"], "--pen"),
        ],
    )
    def test_a_mistake_is_one_sentence_and_code_2(
        self, arguments, received, capsys, monkeypatch, tmp_path
    ):
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setattr("mnist_visual._keras_cache._URL", "http://127.0.0.1:9/")
        try:
            code = cli.main(arguments)
        except SystemExit as exit_:
            code = exit_.code
        assert code == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert received in sentence

    def test_serving_leaves_numpy_one_thread(self):
        code = """
import sys
from mnist_visual import cli
assert 'numpy' not in sys.modules
cli.main(['serve', '--port', '99999'])
from pathlib import Path
status = Path('/proc/self/status')
print(status.read_text().split('Threads:')[1].split()[0] if status.exists() else 1)
"""
        environment = {k: v for k, v in os.environ.items() if "_NUM_THREADS" not in k}
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert result.stdout.split() == ["1"], result.stderr

    def test_missing_weights_are_one_sentence(self, monkeypatch, tmp_path, capsys):
        monkeypatch.setattr("mnist_visual._shipped.resources.files", lambda _: tmp_path)
        monkeypatch.setattr("mnist_visual.server.shared_network", inference.load_digit_network)
        assert cli.main(["serve", "--no-browser", "--port", "0"]) == 2
        assert "weights" in capsys.readouterr().err
