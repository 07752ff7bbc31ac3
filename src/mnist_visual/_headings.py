"""What stands above the views that the dashboard and the page without a server both show."""

from __future__ import annotations

HEADINGS = {
    "steps": {
        "heading": "What the network sees",
        "note": "your drawing, made to look like the digits it learned from",
        "topic": "training",
    },
    "first": {
        "heading": "First layer",
        "note": "these filters slide over it, and mark where each finds its pattern",
        "topic": "filters",
    },
    "second": {
        "heading": "Second layer",
        "note": "each of these filters looks at all the pictures above",
        "topic": "filters",
    },
    "network": {
        "heading": "The whole network",
        "note": "point at any value to see where it came from",
        "topic": "neural-networks",
    },
}
