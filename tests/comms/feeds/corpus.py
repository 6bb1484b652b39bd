"""Where the shared test data is: FENGHUO_TEST_DATA, or ../shared/data beside the checkout. None when it is not here."""

from __future__ import annotations

import os
from pathlib import Path

BESIDE = Path(__file__).parents[4] / "shared" / "data"


def corpus(topic: str) -> Path | None:
    """The folder of one topic of the shared test data, or None."""
    folder = Path(os.environ.get("FENGHUO_TEST_DATA") or BESIDE) / topic
    return folder if folder.is_dir() else None
