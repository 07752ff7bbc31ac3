"""A save that is killed leaves the old file or the new one, whole, and nothing that grows."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mnist_visual._files import remove_parts, write_whole

SOURCE = Path(__file__).parents[1] / "src" / "mnist_visual"
WRITING = re.compile(
    r"""\.write_(bytes|text)\(|(?<!fd)open\([^()]*["']([wax]b?\+?|r\+b?)["']|os\.replace|savez?\(["']"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_killed_saves_leave_the_old_file_or_the_new_one():
    command = [sys.executable, "-m", "tests.killed_saves", "--moments", "6", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found.keys() == {"weights", "checkpoint", "snapshot", "film"}
    for numbers in found.values():
        assert numbers["moments"] == numbers["killed"] == 6
        assert numbers["broken"] == 0
        assert numbers["old"] >= 4
        assert numbers["new"] >= 1
        assert numbers["most_left"] <= 2
        assert numbers["left_in_the_end"] == 0
        assert numbers["whole_in_the_end"]


def test_nothing_else_writes_files():
    writing = {
        path.name
        for path in SOURCE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if WRITING.search(line) and not line.lstrip().startswith((">>>", "..."))
    }
    assert writing == {"_files.py", "_processes.py"}  # the second into a folder that goes


@pytest.mark.parametrize("name", ["a-file/page.html", f"{'long' * 80}.html"])
def test_file_that_cannot_be_written_is_named_with_the_reason_and_what_to_do(tmp_path, name):
    (tmp_path / "a-file").write_bytes(b"")
    told = f"Received: {tmp_path / name} \\(.*\\). Choose another"
    with pytest.raises(OSError, match=told) as found:
        write_whole(tmp_path / name, b"new")
    assert "Errno" not in str(found.value)
    assert [*tmp_path.iterdir()] == [tmp_path / "a-file"]


def test_what_was_left_is_removed_but_not_what_is_still_being_written(tmp_path):
    path = tmp_path / "page.html"
    left = tmp_path / ".page.html.0123456789abcdef.part"
    others = [tmp_path / name for name in (".page.html.part", ".page.html.old.part", "x.part")]
    for file in (left, *others):
        file.write_bytes(b"")
    write_whole(path, b"new")
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_many_who_write_at_once_do_not_take_each_others_files_for_left_over(tmp_path):
    path, problems = tmp_path / "page.html", []

    def write(letter):
        try:
            for _ in range(30):
                write_whole(path, letter * 50_000)
                remove_parts(path)
        except OSError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert path.read_bytes() in [letter * 50_000 for letter in (b"a", b"b", b"c")]
    assert [*tmp_path.iterdir()] == [path]
