"""The demo as one page without a server: the networks run in the visitor's browser.

`page` puts the page together, `networks` and `packing` make its networks small, `bundle` makes
one script of many modules. The modules in ``js/`` are the same computations in JavaScript, and
what answers the views of `mnist_visual.components` in place of Python.
"""
