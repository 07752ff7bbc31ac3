"""The page without a server, as a file: its size, its weights, and what it refuses."""

import base64
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual import _files, cli, outliers
from mnist_visual._layers import Affine
from mnist_visual.digit_vae import DigitVAE
from mnist_visual.in_browser.bundle import bundle
from mnist_visual.in_browser.networks import carried_classifier, carried_vae
from mnist_visual.in_browser.packing import pack, round_finely, round_for_inputs
from mnist_visual.in_browser.page import MODULES
from mnist_visual.inference import DigitNetwork, shared_network, shared_vae


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return mv.export_page(tmp_path_factory.mktemp("exported") / "page.html")


class Addresses(HTMLParser):
    """Collects everything that a page might load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, _, attributes):
        self.found += [value for name, value in attributes if name in ("src", "href", "action")]


class TestPage:
    def test_it_is_small_and_loads_nothing(self, page):
        assert page.stat().st_size <= 1_500_000
        addresses = Addresses()
        addresses.feed(page.read_text(encoding="utf-8"))
        assert addresses.found == []

    def test_only_its_own_scripts_may_run(self, page):
        html = page.read_text(encoding="utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy.partition("style-src")[0]

    def test_it_carries_the_licence_of_what_is_in_it(self, page):
        html = page.read_text(encoding="utf-8")
        licence = (Path(__file__).parents[1] / "LICENSE").read_text(encoding="utf-8")
        assert licence.partition("\n\n")[2].partition("\n\n")[2].strip() in html
        for holder in ["The mnist-visual developers", "Khan Academy", "Cortes", "Alpaydin"]:
            assert holder in html

    def test_the_same_networks_give_the_same_bytes(self, page, tmp_path):
        assert mv.export_page(tmp_path / "again.html").read_bytes() == page.read_bytes()

    @pytest.mark.parametrize("name", ["page.txt", "page", "folder.html"])
    def test_other_names_are_refused(self, name, tmp_path):
        (tmp_path / "folder.html").mkdir()
        with pytest.raises(ValueError, match=r"must end in \.html.*Received"):
            mv.export_page(tmp_path / name)

    def test_a_missing_folder_is_said(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="Make the folder first"):
            mv.export_page(tmp_path / "nowhere" / "page.html")

    def test_a_write_that_fails_leaves_the_old_page(self, tmp_path, monkeypatch):
        target = tmp_path / "page.html"
        target.write_text("old")

        def fail(_):
            raise OSError("no space left")

        monkeypatch.setattr(_files.os, "fsync", fail)
        with pytest.raises(OSError, match="no space"):
            mv.export_page(target)
        assert target.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["page.html"]

    def test_it_doubts_where_python_does(self):
        source = (MODULES[0] / "digit_network.js").read_text(encoding="utf-8")
        limit = re.search(r"const LEAST_TOP_TWO = ([\d.]+)", source)[1]
        assert float(limit) == outliers.LEAST_TOP_TWO


class TestOwnNetworks:
    def test_a_classifier_of_other_numbers_goes_in(self, tmp_path):
        model = mv.build_classifier(filters=(3, 5), units=7, seed=4)
        html = mv.export_page(tmp_path / "own.html", classifier=model).read_text(encoding="utf-8")
        assert '"name":"conv1","what":"convolution","shape":[26,26,3]' in html

    def test_a_vae_of_ones_own_goes_in_with_digits(self, tmp_path, test_digits):
        vae = mv.build_vae(seed=3)
        page = mv.export_page(tmp_path / "own.html", vae=vae, digits=test_digits)
        assert page.stat().st_size <= 1_500_000

    def test_a_vae_of_ones_own_needs_digits(self, tmp_path):
        with pytest.raises(ValueError, match="needs digits to show on its plane"):
            mv.export_page(tmp_path / "own.html", vae=shared_vae())

    def test_labels_are_digits(self, tmp_path, test_digits):
        digits = test_digits[0], np.full(len(test_digits[0]), 12)
        with pytest.raises(ValueError, match=r"0 to 9\. Received: 12 to 12"):
            mv.export_page(tmp_path / "own.html", vae=shared_vae(), digits=digits)

    @pytest.mark.parametrize("name", ["classifier", "vae"])
    def test_other_networks_are_refused(self, name, tmp_path, test_digits):
        with pytest.raises(ValueError, match=f"The page runs the {name} that build_{name} makes"):
            mv.export_page(tmp_path / "own.html", **{name: object()}, digits=test_digits)

    def test_a_classifier_of_other_classes_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"ten digits\. Received: a classifier of 3 classes"):
            mv.export_page(tmp_path / "x.html", classifier=mv.build_classifier(num_classes=3))

    def test_a_vae_of_three_numbers_is_refused(self, tmp_path, test_digits):
        with pytest.raises(ValueError, match="of two latent numbers"):
            mv.export_page(tmp_path / "x.html", vae=mv.build_vae(latent_dim=3), digits=test_digits)


class TestRounding:
    def test_sixteen_bits_change_no_answer(self, test_digits):
        network = shared_network()
        layers = carried_classifier(network)
        weights = {
            name: (layer.affine.matrix.T.reshape(network.weights[name][0].shape), layer.bias)
            for name, layer in layers.items()
        }
        pictures = test_digits[0] / 255
        rounded = DigitNetwork(weights)(pictures)
        np.testing.assert_allclose(rounded, network(pictures), atol=1e-3)

    def test_the_rounded_vae_imagines_and_places_the_same(self, test_digits):
        vae, codes = shared_vae(), mv.load_test_codes()
        rounded = carried_vae(vae, codes.mean).vae
        assert isinstance(rounded, DigitVAE)
        points = codes.mean[:1000]
        differences = abs(rounded.decoder(points) - vae.decoder(points))
        assert differences.max() < 1.5 / 255
        assert differences.mean() < 0.05 / 255
        (mean, log_var), (other, _) = (
            each.encoder(test_digits[0] / 255) for each in (vae, rounded)
        )
        away = abs(other - mean) / np.exp(log_var / 2)
        assert np.median(away) < 0.1
        assert np.quantile(away, 0.99) < 1

    def test_errors_of_inputs_that_go_together_cancel(self):
        rng = np.random.default_rng(0)
        inputs = (rng.normal(size=(40, 5)) @ rng.normal(size=(5, 400))).astype(np.float32)
        layer = Affine(rng.normal(size=(30, 40)).astype(np.float32), np.zeros(30, np.float32))
        rounded = round_for_inputs(layer, inputs, step=0.5, damping=1e-4)
        whole = np.rint(layer.matrix / rounded.factors)
        exact = layer.matrix @ inputs
        error = np.square(rounded.affine.matrix @ inputs - exact).mean()
        plain = np.square((whole * rounded.factors) @ inputs - exact).mean()
        assert error < plain / 5

    def test_inputs_that_never_vary_are_no_trouble(self):
        layer = Affine(np.ones((3, 4), np.float32), np.zeros(3, np.float32))
        rounded = round_for_inputs(layer, np.zeros((4, 9), np.float32), step=0.1, damping=1e-2)
        assert np.isfinite(rounded.affine.matrix).all()
        nothing = round_finely(Affine(0 * layer.matrix, layer.bias))
        assert not nothing.affine.matrix.any()

    @pytest.mark.parametrize("compress", [True, False])
    def test_arrays_are_packed_byte_by_byte(self, compress):
        rng = np.random.default_rng(1)
        whole = rng.integers(-500, 500, 300).astype(np.int16)
        floats = rng.normal(size=7).astype(np.float32)
        packed = pack({"whole": whole, "floats": floats}, compress=compress)
        assert packed["arrays"] == [["whole", "int16", 300], ["floats", "float32", 7]]
        data = base64.b64decode(packed["data"])
        plain = np.frombuffer(zlib.decompress(data, -15) if compress else data, np.uint8)
        low, high = plain[:300].astype(int), plain[300:600].astype(int)
        assert ((low + 256 * high - 128).astype(np.int16) == whole).all()
        assert (
            np.ascontiguousarray(plain[600:].reshape(4, 7).T).view("<f4").ravel() == floats
        ).all()


class TestBundle:
    def test_modules_with_the_same_names_stay_apart(self, tmp_path):
        (tmp_path / "one.js").write_text("const STEP = 1\nexport const one = () => STEP\n")
        imports = 'import { one } from "./one.js";\n'
        (tmp_path / "two.js").write_text(
            imports + "const STEP = 2\nexport const two = one() + STEP\n"
        )
        script = bundle("two.js", [tmp_path])
        assert script.index('modules["one.js"]') < script.index('modules["two.js"]')
        assert 'const { one } = modules["one.js"]' in script
        assert "import" not in script
        assert "export" not in script

    def test_a_lost_module_is_said(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"without lost\.js"):
            bundle("lost.js", [tmp_path])


class TestCommand:
    def test_it_writes_the_page_and_says_so(self, tmp_path, capsys):
        target = tmp_path / "page.html"
        assert cli.main(["export", str(target)]) == 0
        assert f"{target}: 1." in capsys.readouterr().out
        assert target.is_file()

    def test_weights_of_ones_own_go_in(self, tmp_path):
        weights = tmp_path / "own.classifier.weights.h5"
        mv.save_weights(mv.build_classifier(seed=5), weights)
        target = tmp_path / "page.html"
        assert cli.main(["export", str(target), "--classifier", str(weights)]) == 0
        shipped = mv.export_page(tmp_path / "shipped.html")
        assert target.read_bytes() != shipped.read_bytes()

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (["page.txt"], "must end in .html"),
            (["page.html", "--classifier", "nothing.weights.h5"], "nothing.weights.h5"),
        ],
    )
    def test_what_cannot_be_is_said_in_one_sentence(
        self, options, sentence, tmp_path, capsys, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        assert cli.main(["export", *options]) == 2
        complaint = capsys.readouterr().err
        assert complaint.startswith("mnist-visual export: ")
        assert sentence in complaint
        assert not (tmp_path / "page.html").exists()
