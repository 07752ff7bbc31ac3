"""ES modules as one script, for a page that can load nothing: each stays a scope of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:const|class|function\*?) (\w+)", re.MULTILINE)
_RENAMED = re.compile(r"^ *const \{[^}]*\} = modules", re.MULTILINE)
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^ +", re.MULTILINE)


def imported_modules(source: str) -> list[str]:
    """Name the files of the modules that a module imports."""
    return [found[2] for found in _IMPORT.finditer(source)]


def bundle(entry: str, folders: Sequence[Path]) -> str:
    """Write a module and all that it imports as one script.

    Parameters
    ----------
    entry : str
        The name of the module that is to run, such as ``main.js``.
    folders : sequence of Path
        Where modules are looked for, each by its name.

    Returns
    -------
    str
        A script that imports nothing: one expression, whose value is what that module exports.

    Raises
    ------
    FileNotFoundError
        If a module is in none of the folders.
    """
    written: dict[str, str] = {}
    _write(entry, folders, written)
    body = "\n".join(written.values())
    return (
        f'(() => {{\n"use strict";\nconst modules = {{}};\n{body}\nreturn modules["{entry}"]\n}})()'
    )


def _write(name: str, folders: Sequence[Path], written: dict[str, str]) -> None:
    if name in written:
        return
    source = _read(name, folders)
    for imported in _IMPORT.finditer(source):
        _write(imported[2], folders, written)
    exported = ", ".join(_EXPORT.findall(source))
    source = _IMPORT.sub(r'const {\1} = modules["\2"]\n', source)
    source = re.sub(r"^export default .*\n", "", source, flags=re.MULTILINE)
    source = re.sub(r"^export ", "", source, flags=re.MULTILINE)
    source = _INDENT.sub("", _COMMENT.sub("", source))
    # Names that a module gives another name on import: `a as b` is `a: b` in a pattern.
    source = _RENAMED.sub(lambda found: found[0].replace(" as ", ": "), source)
    written[name] = (
        f'modules["{name}"] = (() => {{\n{source.strip()}\nreturn {{ {exported} }}\n}})()'
    )


def _read(name: str, folders: Sequence[Path]) -> str:
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(
        f"The package must hold the modules of its pages. Received: an installation without "
        f"{name}. Install mnist-visual again."
    )
