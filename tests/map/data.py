"""Where the shared real data are, when they are: FENGHUO_TEST_DATA, or `shared/data` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("FENGHUO_TEST_DATA") or _BESIDE)

needs_data = pytest.mark.skipif(not (DATA / "admin").is_dir(), reason="no shared data on this machine")
