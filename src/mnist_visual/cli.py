"""The ``mnist-visual`` command."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence

from .commands.options import BAD_USAGE, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; what a user can mend ends in one sentence and exit code 2."""
    options = parser().parse_args(arguments)
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
    except KeyboardInterrupt as interrupt:
        # As a shell says which signal it was.
        return 128 + next(iter(interrupt.args), signal.SIGINT)
    except (ValueError, OSError, ImportError) as error:
        print(f"mnist-visual {options.command}: {_sentence(error, options)}", file=sys.stderr)
        return BAD_USAGE
    return 0


def _sentence(error: Exception, options: argparse.Namespace) -> str:
    """Say what went wrong in a command."""
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
