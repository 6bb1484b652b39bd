"""Worlds on real encrypted files, in memory-backed folders where the machine has one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.world import World

SHM = Path("/dev/shm")


def fast_folder() -> Path:
    """A new folder, in memory when there is such a place: most tests are about meaning, not about the disk."""
    return Path(tempfile.mkdtemp(prefix="fenghuo-", dir=SHM if SHM.is_dir() else None))


@pytest.fixture
def world() -> Iterator[World]:
    """An empty world; its folder is gone afterwards."""
    folder = fast_folder()
    with World(folder, seed=1) as made:
        yield made
    shutil.rmtree(folder)
