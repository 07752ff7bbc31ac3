"""Files that somebody broke are read, or refused in one sentence, and take no memory."""

import pytest

from .hostile_files import KINDS, read_broken


@pytest.mark.parametrize("name", KINDS)
def test_broken_files_are_refused_in_a_sentence_or_read(name):
    found = read_broken(name, 45)
    assert found.refused + found.read == found.files == 45
    assert found.refused > 10
    assert found.peak < 50 << 20
    assert found.slowest < 20
