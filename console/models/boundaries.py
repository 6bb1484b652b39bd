"""Boundaries of this machine for alerts that name only a region: imported packs, read anew when one was imported."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from map.features import region_codes, unplaced_codes
from map.packs import Packs, code_name
from offline.errors import FenghuoError

log = logging.getLogger(__name__)
Record = dict[str, Any]


class Boundaries:
    """Belongs to one thread (the reader's).

    Args:
        folder: the profile's `packs/`; it may be empty or absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packs: Packs | None = None
        self._seen = -1

    def look(self) -> bool:
        """Open the packs when the folder has changed since; says whether it had."""
        now = self._folder.stat().st_mtime_ns if self._folder.is_dir() else 0
        if now == self._seen:
            return False
        self.close()
        self._seen = now
        try:
            self._packs = Packs(self._folder)
        except FenghuoError as error:  # a damaged pack must not take the desk down
            log.error("the boundary packs cannot be read: %s", error)
        return True

    def rings(self, code: str) -> Any:
        """The rings of a region code, or None when this machine has none."""
        return self._packs.rings(code) if self._packs else None

    def missing(self, record: Record) -> list[str]:
        """Names of the regions of a warning that can be drawn by nothing here; the code where no name is known."""
        if record["kind"] != "warning":
            return []
        described = {
            code: str(area.get("desc") or "")
            for info in (record.get("alert") or {}).get("infos", [])
            for area in info.get("areas", [])
            for code in region_codes(area)
        }
        return [code_name(c) or described.get(c) or c for c in unplaced_codes(record, self.rings)]

    def close(self) -> None:
        """Let the files go."""
        if self._packs:
            self._packs.close()
            self._packs = None
