"""What can be said to ``mnist-visual``, and what is then run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mnist_visual import __version__
from mnist_visual._addresses import MOST_SESSIONS

from . import evaluate, export, serve, train
from .inputs import MODELS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]

BAD_USAGE = 2


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say it, without the usage, and end."""
        self.exit(BAD_USAGE, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line; ``run`` of the options does what they say."""
    parser = Parser(
        prog="mnist-visual",
        description="See how a neural network reads a handwritten digit.",
    )
    parser.add_argument("--version", action="version", version=f"mnist-visual {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_serve(commands)
    _add_train(commands)
    _add_evaluate(commands)
    _add_export(commands)
    return parser


def _add_serve(commands: Commands) -> None:
    parser = commands.add_parser("serve", help="open the dashboard in a browser")
    parser.add_argument(
        "--port", type=int, default=5006, help="0 takes any free one (default 5006)"
    )
    parser.add_argument(
        "--address",
        default="localhost",
        help="where to listen; 0.0.0.0 lets other machines in (default localhost)",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="a further host whose pages may connect; may be given again",
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=1,
        metavar="N",
        help="how many processes share the visitors (default 1)",
    )
    parser.add_argument(
        "--share",
        metavar="URL",
        help="where the page's QR code leads: to an exported page, say (default: to this server)",
    )
    parser.add_argument(
        "--most-sessions",
        type=_positive,
        default=MOST_SESSIONS,
        metavar="N",
        help="visitors at a time, shared out among the workers; further ones are told that it is "
        f"full (default {MOST_SESSIONS})",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.set_defaults(run=serve.serve)


def _add_train(commands: Commands) -> None:
    parser = commands.add_parser(
        "train",
        help="train the shipped weights, or others, from scratch",
        description="Train a network from scratch. Of MNIST it gives the shipped weights: its "
        "digits are warped, and stand among scribbles. Other pictures are learned as they are.",
    )
    parser.add_argument(
        "model",
        nargs="?",
        choices=MODELS,
        default="classifier",
        help="which of the two networks (default classifier)",
    )
    _add_data(parser)
    parser.add_argument(
        "--hold-out",
        type=_positive,
        metavar="N",
        help="measure on the last N training pictures instead of the test pictures",
    )
    parser.add_argument("--epochs", type=_positive, help="rounds through the data")
    parser.add_argument("--seed", type=_seed, default=0, help="the same seed, the same weights")
    parser.add_argument(
        "--output",
        type=Path,
        help="where to write the weights (default MODEL.weights.h5)",
    )
    parser.add_argument(
        "--codes",
        type=Path,
        metavar="FILE.npz",
        help="where to write the vae's codes of the test pictures, too (default: nowhere)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with a training that was stopped; give the other options as then",
    )
    parser.add_argument(
        "--process",
        metavar="I/N",
        help="train with N processes, here or on other machines, of which this is number I, from "
        "0; auto under Slurm or Open MPI",
    )
    parser.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="where process 0 is, for all others to find it",
    )
    parser.set_defaults(run=train.train)


def _add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser("evaluate", help="measure the weights on test pictures")
    parser.add_argument(
        "model",
        nargs="?",
        choices=MODELS,
        help="which of the two networks (default: both, or with --weights the classifier)",
    )
    _add_data(parser)
    parser.add_argument("--weights", type=Path, help="a weights file (default: the shipped one)")
    parser.set_defaults(run=evaluate.evaluate)


def _add_export(commands: Commands) -> None:
    parser = commands.add_parser("export", help="write the demo as one page without a server")
    parser.add_argument("page", type=Path, help="the HTML file")
    parser.add_argument("--classifier", type=Path, metavar="FILE", help="weights of your own")
    parser.add_argument("--vae", type=Path, metavar="FILE", help="weights of your own")
    parser.add_argument(
        "--mnist",
        type=Path,
        help="digits for the map of your own --vae, as for train (default: found or fetched)",
    )
    parser.set_defaults(run=export.export)


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


def _seed(text: str) -> int:
    from mnist_visual._numbers import MAX_SEED

    # No longer text is a number in range, nor one that takes long to read.
    if not (text.isdecimal() and len(text) < 20 and int(text) <= MAX_SEED):
        raise argparse.ArgumentTypeError(
            f"has to be a whole number from 0 to {MAX_SEED:,}. Received: {text:.40}."
        )
    return int(text)


def _writers(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise argparse.ArgumentTypeError(f"is like 21-30. Received: {text!r}.")
    return int(first), int(last or first)
