"""The ``mnist-visual`` command."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import socket
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__
from ._interrupts import Interrupts

if TYPE_CHECKING:
    from .datasets import Dataset
    from .pen_digits import PenDigits

BAD_USAGE = 2
MODELS = "classifier", "vae"
DRAWS = 5  # of a code for every picture, in measuring the autoencoder


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; what a user can mend ends in one sentence and exit code 2."""
    options = _parser().parse_args(arguments)
    code = _run(options)
    if code and getattr(options, "process", None):
        # JAX would wait at the end for the other processes, which may be gone.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _run(options: argparse.Namespace) -> int:
    try:
        options.run(options)
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError, ImportError) as error:
        print(f"mnist-visual {options.command}: {_sentence(error, options)}", file=sys.stderr)
        return BAD_USAGE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mnist-visual",
        description="See how a neural network reads a handwritten digit.",
    )
    parser.add_argument("--version", action="version", version=f"mnist-visual {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    serve = commands.add_parser("serve", help="open the dashboard in a browser")
    serve.add_argument("--port", type=int, default=5006, help="0 takes any free one (default 5006)")
    serve.add_argument(
        "--address",
        default="localhost",
        help="where to listen; 0.0.0.0 lets other machines in (default localhost)",
    )
    serve.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="a further host whose pages may connect; may be given again",
    )
    serve.add_argument("--no-browser", action="store_true", help="do not open a browser")
    serve.set_defaults(run=_serve)

    train = commands.add_parser(
        "train",
        help="train the shipped weights, or others, from scratch",
        description="Train a network from scratch. Of MNIST it gives the shipped weights: its "
        "digits are warped, and stand among scribbles. Other pictures are learned as they are.",
    )
    train.add_argument(
        "model",
        nargs="?",
        choices=MODELS,
        default="classifier",
        help="which of the two networks (default classifier)",
    )
    _add_data(train)
    train.add_argument(
        "--hold-out",
        type=_positive,
        metavar="N",
        help="measure on the last N training pictures instead of the test pictures",
    )
    train.add_argument("--epochs", type=_positive, help="rounds through the data")
    train.add_argument("--seed", type=int, default=0, help="the same seed, the same weights")
    train.add_argument(
        "--output",
        type=Path,
        help="where to write the weights (default MODEL.weights.h5)",
    )
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on with a training that was stopped; give the other options as then",
    )
    train.add_argument(
        "--process",
        metavar="I/N",
        help="train with N processes, here or on other machines, of which this is number I, from "
        "0; auto under Slurm or Open MPI",
    )
    train.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="where process 0 is, for all others to find it",
    )
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="measure the weights on test pictures")
    evaluate.add_argument(
        "model",
        nargs="?",
        choices=MODELS,
        help="which of the two networks (default: both, or with --weights the classifier)",
    )
    _add_data(evaluate)
    evaluate.add_argument("--weights", type=Path, help="a weights file (default: the shipped one)")
    evaluate.set_defaults(run=_evaluate)

    export = commands.add_parser("export", help="write the demo as one page without a server")
    export.add_argument("page", type=Path, help="the HTML file")
    export.add_argument("--classifier", type=Path, metavar="FILE", help="weights of your own")
    export.add_argument("--vae", type=Path, metavar="FILE", help="weights of your own")
    export.add_argument(
        "--mnist",
        type=Path,
        help="digits for the map of your own --vae, as for train (default: found or fetched)",
    )
    export.set_defaults(run=_export)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    data = parser.add_mutually_exclusive_group()
    data.add_argument(
        "--data",
        metavar="mnist|fashion-mnist|PATH",
        help="which pictures: a built-in set, found or fetched, or an .npz or a folder of IDX "
        "files of your own (default mnist)",
    )
    data.add_argument(
        "--mnist", type=Path, help="the digits of MNIST, from this mnist.npz or folder of IDX files"
    )
    parser.add_argument(
        "--pen",
        type=Path,
        help="pen-drawn digits: UCI's UNIPEN text, or the same strokes as .npz",
    )
    parser.add_argument(
        "--writers",
        type=_writers,
        metavar="FIRST-LAST",
        help="of the pen-drawn digits only those of these writers (default: all)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"has to be a number from 1 up. Received: {text!r}.")
    return int(text)


def _writers(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise argparse.ArgumentTypeError(f"is like 21-30. Received: {text!r}.")
    return int(first), int(last or first)


def _serve(options: argparse.Namespace) -> None:
    # A digit's matrix products are so small that a second thread saves nothing; and where another
    # program, such as the browser, holds its core, waiting for it takes a hundred times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # nothing to collect while modules load, and a tenth of the start to save
    from .server import serve

    gc.enable()
    serve(
        port=options.port,
        address=options.address,
        allow_origin=options.allow_origin,
        show=not options.no_browser,
    )


def _choose_data(options: argparse.Namespace) -> None:
    """Find out which data are meant, and whether they are the digits of MNIST."""
    from .datasets import load_dataset, load_digits

    options.are_digits = options.data in (None, "mnist")
    if options.pen is not None and not options.are_digits:
        raise ValueError(
            f"Pen-drawn digits go with MNIST. Received: --pen and --data {options.data}. "
            "Leave out one of them."
        )
    options.load = (
        partial(load_digits, options.mnist)
        if options.mnist
        else partial(load_dataset, options.data or "mnist")
    )


def _train(options: argparse.Namespace) -> None:
    _choose_data(options)
    with Interrupts() as interrupts:
        from ._train_command import train

        train(options, lambda: _pen_digits(options), interrupts)


def _evaluate(options: argparse.Namespace) -> None:
    _choose_data(options)
    if options.model == "vae" and options.pen is not None:
        raise ValueError("--pen measures the classifier. Received: the vae. Leave out one of them.")
    if options.weights is None and not options.are_digits:
        raise ValueError(
            f"The shipped weights know digits alone. Received: --data {options.data}. Train your "
            "own with mnist-visual train, and name them with --weights."
        )
    if options.are_digits:  # the data may have to be fetched
        models = _models(options, 10)
    with warnings.catch_warnings():
        # The offline sample is of digits that the network learned from: it measures nothing.
        warnings.simplefilter("error", UserWarning)
        try:
            data = options.load()
        except UserWarning as warning:
            raise FileNotFoundError(f"Measuring needs MNIST's own test digits. {warning}") from None
    name = "MNIST's test digits" if options.are_digits else "The test pictures"
    if not options.are_digits:
        models = _models(options, len(data.class_names))
    if "classifier" in models:
        _evaluate_classifier(models["classifier"], name, data, _pen_digits(options))
    if "vae" in models:
        _evaluate_vae(models["vae"], name, data)


def _models(options: argparse.Namespace, classes: int) -> dict[str, Any]:
    chosen = options.model or (options.weights and "classifier")
    return {
        name: _model(name, options.weights, classes) for name in ([chosen] if chosen else MODELS)
    }


def _model(name: str, weights: Path | None, classes: int = 10) -> Any:
    from .classifier import build_classifier
    from .vae import build_vae
    from .weights import load_pretrained, load_weights

    if weights is None:
        return load_pretrained(name)
    model = build_classifier(num_classes=classes) if name == "classifier" else build_vae()
    load_weights(model, weights)
    return model


def _evaluate_classifier(model: Any, name: str, data: Dataset, digits: PenDigits | None) -> None:
    from .evaluation import evaluate_classifier, format_confusion, pen_pictures

    results = {name: evaluate_classifier(model, *data.test)}
    if digits is not None:
        results["Pen-drawn digits"] = evaluate_classifier(
            model, pen_pictures(digits), digits.labels
        )
    for name, result in results.items():
        print(f"{name}: {result.accuracy:.2%} of {result.n:,} read correctly.")
        print(format_confusion(result.confusion, data.class_names), end="\n\n")


def _evaluate_vae(model: Any, name: str, data: Dataset) -> None:
    from .vae_evaluation import evaluate_vae

    result = evaluate_vae(model, data.test[0], draws=DRAWS)
    print(
        f"{name}: ELBO {result.elbo:.2f} nats a picture (reconstruction "
        f"{result.reconstruction:.2f}, KL {result.kl:.2f}), the mean of {result.n:,} pictures and "
        f"{DRAWS} draws, which spread by {result.spread:.2f}."
    )


def _export(options: argparse.Namespace) -> None:
    from .in_browser.page import checked_page_path, export_page

    checked_page_path(options.page)  # before anything is loaded for it
    own = {name: getattr(options, name) for name in MODELS}
    models = {name: _model(name, weights) for name, weights in own.items() if weights}
    if "vae" in models:
        from .datasets import load_mnist

        models["digits"] = load_mnist(options.mnist)[1]
    page = export_page(options.page, **models)
    print(f"{page}: {page.stat().st_size / 1e6:.2f} MB. Open it in a browser, or put it anywhere.")


def _pen_digits(options: argparse.Namespace) -> PenDigits | None:
    from .pen_digits import load_pen_digits

    if options.pen is None:
        return None
    digits = load_pen_digits(options.pen)
    return digits if options.writers is None else digits.of_writers(*options.writers)


def _sentence(error: Exception, options: argparse.Namespace) -> str:
    number = getattr(error, "errno", None)
    if options.command == "serve" and number == errno.EADDRINUSE:
        return f"port {options.port} is taken; name another with --port, or --port 0 for any."
    if options.command == "serve" and number in (errno.EADDRNOTAVAIL, errno.EACCES):
        return f"cannot listen on {options.address}:{options.port}: {os.strerror(number)}."
    if isinstance(error, socket.gaierror):
        return f"{options.address!r} is no address of this machine."
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
