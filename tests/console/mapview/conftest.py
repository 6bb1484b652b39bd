"""Before any QApplication of this run exists: the engine's flags and our address scheme."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from console.mapview.flags import chromium_flags

chromium_flags()

from console.mapview.scheme import register_scheme  # noqa: E402  the flags must be set first

register_scheme()
