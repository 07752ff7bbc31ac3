"""Hostile clients know the page's language: all kinds of messages, and all fields."""

import ast
import inspect
import sys
import textwrap
from importlib import import_module
from pkgutil import iter_modules

import pytest

from mnist_visual import components
from mnist_visual.components._view import View, _descendants

from .attacks import KINDS, RIGHT, UNTRIED

MODULES = [
    import_module(f"mnist_visual.components.{each.name}")
    for each in iter_modules(components.__path__)
]
VIEWS = [each for each in _descendants(View) if "_handle_msg" in vars(each)]


def constants(nodes):
    return {each.value for each in nodes if isinstance(getattr(each, "value", None), str)}


def kinds(view):
    """The kinds that a view compares with, or finds in a table."""
    found = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(view._handle_msg)))):
        if isinstance(node, ast.Compare) and ast.unparse(node.left) in ("kind", "kind_of(data)"):
            found |= constants(node.comparators)
            for table in map(ast.unparse, node.comparators):
                found |= {*getattr(sys.modules[view.__module__], table, ())}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            keys = constants(node.value.keys)
            found |= set() if {"kind", "number"} & keys else keys  # of a table, not of an answer
    return found


def fields(module):
    """The fields that are read from what a script says."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Subscript(
                value=ast.Name("data" | "message" | "given"),
                slice=ast.Constant(str() as name),
                ctx=ast.Load(),
            ):
                found.add(name)
            case ast.Call(
                func=ast.Attribute(ast.Name("data" | "message" | "given"), "get"),
                args=[ast.Constant(str() as name), *_],
            ):
                found.add(name)
    return found - {"kind"}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_all_kinds_of_messages_are_tried(view):
    found = kinds(view)
    assert found
    assert found <= {*KINDS} | UNTRIED, found - {*KINDS}


def test_all_fields_are_tried():
    found = set().union(*map(fields, MODULES))
    assert {"points", "place", "extent"} <= found
    assert found <= {*RIGHT}
