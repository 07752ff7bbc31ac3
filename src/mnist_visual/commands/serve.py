"""`mnist-visual serve`: the dashboard, in one process or in several."""

from __future__ import annotations

import argparse
import gc
import os


def serve(options: argparse.Namespace) -> None:
    """Serve until interrupted."""
    # A digit's matrix products are so small that a second thread saves nothing; and where another
    # program, such as the browser, holds its core, waiting for it takes a hundred times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if options.workers > 1:
        from mnist_visual.workers.front import Place, serve_with_workers

        place = Place(
            options.port,
            options.address,
            options.allow_origin,
            options.share,
            options.most_sessions,
        )
        serve_with_workers(place, options.workers, show=not options.no_browser)
        return
    gc.disable()  # nothing to collect while modules load, and a tenth of the start to save
    from mnist_visual.server import serve

    gc.freeze()  # what is there by now stays: later collections need not look at it
    gc.enable()
    serve(
        port=options.port,
        address=options.address,
        allow_origin=options.allow_origin,
        share=options.share,
        show=not options.no_browser,
        most_sessions=options.most_sessions,
    )
