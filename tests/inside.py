"""What the processes of `test_distribution` do, each alone on its devices or with another."""

import jax
import numpy as np

from mnist_visual import (
    _compiled_passes,
    build_classifier,
    build_vae,
    cli,
    evaluate_classifier,
    evaluate_vae,
)
from mnist_visual._backend import keras
from mnist_visual._processes import join
from mnist_visual.fast import objective, steps
from mnist_visual.latent import latent_grid
from mnist_visual.regions import class_regions

from . import test_fast_loop
from .latent_models import build_decoder, build_reader


def command(*arguments):
    """Do what the command line does."""
    return cli.main(list(map(str, arguments)))


def train_and_draw(found):
    """Train in all three ways on two devices, and draw the plane; write the numbers to a file."""
    jax.config.update("jax_num_cpu_devices", 2)
    two = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(two)
    numbers = {
        "by hand": _train(test_fast_loop.CompiledObjective, 49),
        "keras": _train(test_fast_loop.refuse, 48),
        **draw_plane(),
        "evaluated": evaluate(),
    }
    for module in (objective, steps):
        module.divides_by_hand = lambda: False
    numbers["xla"] = _train(test_fast_loop.CompiledObjective, 49)
    np.savez(found, **numbers)
    _train(test_fast_loop.refuse, 49)


def evaluate():
    """Evaluate networks on a number of pictures that two devices cannot divide."""
    generator = np.random.default_rng(0)
    pictures, labels = generator.random((131, 28, 28), np.float32), np.arange(131) % 10
    classifier, vae = build_classifier(), build_vae(architecture="dense")
    found = evaluate_classifier(classifier, pictures, labels)
    bound = evaluate_vae(vae, pictures, draws=2)
    weight = float(np.abs(classifier.get_weights()[0]).sum())  # they are all still there
    return [found.accuracy, *found.confusion.sum(axis=0), bound.elbo, bound.kl, weight]


def draw_with_others(found, process, coordinator):
    """Draw the plane together with another process."""
    jax.config.update("jax_num_cpu_devices", 1)
    join(process, coordinator)
    np.savez(found, **draw_plane())


def _train(way, n):
    pictures, labels = test_fast_loop.spots(n)
    data = test_fast_loop.floats(pictures), labels
    model, history = test_fast_loop.trained(
        test_fast_loop.small_model(), way, data=data, validation=data
    )
    for value in model.variables:
        assert len(value.value.devices()) == 2
    return [*test_fast_loop.weights_of(model), *history["val_accuracy"]]


def draw_plane():
    """Draw the regions and a grid, and note on how many devices how many codes were computed."""
    shares = set()
    compiled = _compiled_passes._compiled

    def watched(models, steps, mesh):
        compute = compiled(models, steps, mesh)

        def watching(state, batch):
            sharding = batch.sharding
            shares.add((len(sharding.device_set), sharding.shard_shape(batch.shape)[0]))
            return compute(state, batch)

        # The first call without devices only asks for shapes.
        return compute if mesh is None else watching

    _compiled_passes._compiled = watched
    decoder = build_decoder()
    regions = class_regions(decoder, build_reader(), resolution=40)
    grid = latent_grid(decoder, n=20)
    return {
        "labels": regions.labels,
        "confidence": regions.confidence,
        "images": grid.images,
        "shares": sorted(shares),
    }
