"""Uses an installed mnist-visual as people do, with whatever versions are installed beside it.

``nox -s bounds`` runs it, where the package is installed and its source is out of reach.
"""

import asyncio
import subprocess
import sys
import warnings
from importlib.metadata import distribution, requires, version
from pathlib import Path

import holoviews as hv
import numpy as np
from packaging.requirements import Requirement

import mnist_visual as mv
from mnist_visual._links import qr_modules
from mnist_visual.lessons import as_html, load_lessons

from .drawings import THREE
from .wire_visitor import WireVisitor


def main():
    for line in requires("mnist-visual"):
        name = Requirement(line).name
        print(f"{name} {version(name)}", end=", ")
    print(f"Python {sys.version.split()[0]}")
    assert Path(mv.__file__).is_relative_to(sys.prefix)
    for check in (licences, digits, training, explanations, plane, files, words):
        print(check.__name__, flush=True)
        check()
    asyncio.run(visit())


def licences():
    """It says under which licence it is, and what it owes to whom."""
    files = [path.name for path in distribution("mnist-visual").files if "licenses" in path.parts]
    assert sorted(files) == ["CREDITS.md", "LICENSE"]


def sample():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the sample stands in for MNIST
        return mv.load_mnist()


def digits():
    """The shipped weights read digits, and drawings."""
    _, test = sample()
    classifier = mv.load_pretrained("classifier")
    assert mv.evaluate_classifier(classifier, *test).accuracy > 0.99
    for picture in (mv.normalize_strokes([THREE]), mv.normalize_image(255 - test[0][3])):
        probabilities = mv.feature_maps(classifier, picture)["probabilities"]
        assert probabilities.argmax() == 3
        assert mv.looks_like_digit(probabilities)


def training():
    """A classifier learns by the loop here and by Keras's own, and so does an autoencoder."""
    train, test = sample()
    model = mv.build_classifier()
    mv.train_classifier(model, *train, epochs=2, verbose=0)
    assert mv.evaluate_classifier(model, *test).accuracy > 0.8
    model.fit(train[0][:512] / 255, train[1][:512], epochs=1, verbose=0)
    assert mv.evaluate_classifier(model, *test).accuracy > 0.8
    vae = mv.build_vae()
    mv.train_vae(vae, train[0][:1000], epochs=1, verbose=0)
    assert np.isfinite(mv.evaluate_vae(vae, test[0][:50]).elbo)


def explanations():
    """Any model is explained, and drawn."""
    classifier, digit = mv.load_pretrained("classifier"), mv.normalize_strokes([THREE])
    draw(mv.plot_trace(mv.trace_unit(classifier, digit, "conv2", (5, 5, 3))))
    draw(mv.plot_evidence(mv.evidence(classifier, digit, 3)))
    draw(mv.plot_saliency(mv.saliency(classifier, digit, 3)))
    draw(mv.plot_change(mv.smallest_change(classifier, digit, 3)))
    draw(mv.plot_feature_maps(mv.feature_maps(classifier, digit)["conv1"]))
    draw(mv.plot_filters(mv.filters(classifier, "conv1")))


def plane():
    """The latent plane is explored, and drawn."""
    vae, classifier = mv.load_pretrained("vae"), mv.load_pretrained("classifier")
    codes = mv.load_test_codes()
    regions = mv.class_regions(vae, classifier, resolution=64)
    modes = mv.class_modes(codes, codes.labels)
    path = mv.interpolate(vae, modes[0], modes[9], steps=5, classifier=classifier)
    assert path.probabilities[0].argmax() == 0
    assert path.probabilities[-1].argmax() == 9
    draw(mv.plot_class_regions(regions) * mv.plot_latent_scatter(codes, codes.labels))
    draw(mv.plot_latent_grid(mv.latent_grid(vae, n=5)) + mv.plot_interpolation(path))
    draw(mv.plot_latent_path(path) * mv.plot_posterior(mv.encode(vae, path.images)))
    draw(mv.plot_path_probabilities(path))


def draw(element):
    assert hv.renderer("bokeh").get_plot(element).state is not None


def files():
    """What is saved is there, and is read again."""
    classifier = mv.load_pretrained("classifier")
    mv.save_weights(classifier, "own.weights.h5")
    again = mv.build_classifier()
    mv.load_weights(again, "own.weights.h5")
    picture = np.zeros((1, 28, 28, 1), "float32")
    np.testing.assert_array_equal(again(picture), classifier(picture))
    path = mv.interpolate(mv.load_pretrained("vae"), [0, 0], [1, 1], steps=3)
    mv.save_gif(path, "film.gif")
    mv.save_filmstrip(path, "strip.png")
    mv.export_page("page.html", classifier=classifier)
    for name in ("film.gif", "strip.png", "page.html"):
        assert Path(name).stat().st_size > 1000


def words():
    """Lessons have formulas, and addresses a QR code."""
    assert 'class="math inline"' in as_html(load_lessons()[7].insight)
    assert qr_modules("https://example.org/").shape == (25, 25)


async def visit():
    """The command serves a page that reads what is drawn."""
    command = [sys.executable, "-m", "mnist_visual.cli", "serve", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            visitor = WireVisitor(server.stdout.readline().split()[-1])
            await visitor.get_page()
            await visitor.connect()
            assert "probabilities" in "".join(await visitor.draw(THREE))
            await visitor.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
