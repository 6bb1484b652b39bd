"""Boundary packs: what goes in comes out, parents stand in, and nothing hostile gets far."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from map import packs as packs_module
from map.datum import Datum
from map.errors import BadBoundaries, BadPack
from map.features import signed_area
from map.packs import Packs, code12, code_name, import_boundaries, parents
from tests.map.data import DATA, needs_data

SQUARE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
HOLE = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.4], [0.2, 0.2]]


def area(properties: dict[str, Any], coordinates: Any = None, type_: str = "Polygon") -> dict[str, Any]:
    return {"type": "Feature", "properties": properties,
            "geometry": {"type": type_, "coordinates": [SQUARE] if coordinates is None else coordinates}}  # fmt: skip


def written(folder: Path, *features: dict[str, Any], name: str = "regions") -> Path:
    path = folder / f"{name}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "packs"


@pytest.fixture
def opened(shelf: Path) -> Iterator[Any]:
    made: list[Packs] = []

    def open_packs() -> Packs:
        made.append(Packs(shelf))
        return made[-1]

    yield open_packs
    for packs in made:
        packs.close()


@pytest.mark.parametrize(
    ("key", "value"),
    [("code12", "320812000000"), ("adcode", "320812"), ("adcode", 320812), ("code", "320812000"), ("gb", "156320812"),
     ("dt_adcode", "320812")],
)  # fmt: skip
def test_the_code_goes_by_its_usual_names(tmp_path: Path, shelf: Path, opened: Any, key: str, value: Any) -> None:
    info = import_boundaries(written(tmp_path, area({key: value, "name": "清江浦区"})), shelf)
    assert (info.regions, info.skipped, info.name) == (1, 0, "regions")
    found = opened().lookup("320812")
    assert found.exact and found.code == "320812000000" and found.name == "清江浦区"
    assert found.rings[0][:4] == SQUARE[:4]


def test_a_parent_stands_in_and_says_so(tmp_path: Path, shelf: Path, opened: Any) -> None:
    import_boundaries(written(tmp_path, area({"adcode": "320800", "name": "淮安市"})), shelf)
    found = opened().lookup("320826104000")
    assert not found.exact and found.code == "320800000000" and found.name == "淮安市"
    assert opened().lookup("330100") is None and opened().lookup("not a code") is None


def test_an_exact_one_in_a_later_pack_beats_a_parent_in_an_earlier(tmp_path: Path, shelf: Path, opened: Any) -> None:
    import_boundaries(written(tmp_path, area({"adcode": "320800"}), name="a"), shelf)
    import_boundaries(written(tmp_path, area({"adcode": "320826"}), name="b"), shelf)
    assert opened().lookup("320826").exact
    assert opened().rings("320826") and opened().rings("990000") is None


def test_holes_turn_with_the_clock(tmp_path: Path, shelf: Path, opened: Any) -> None:
    import_boundaries(written(tmp_path, area({"adcode": "320800"}, [SQUARE[::-1], HOLE])), shelf)
    outer, hole = opened().lookup("320800", fine=True).rings
    assert signed_area(outer) > 0 > signed_area(hole)


def test_gcj02_is_converted_once_on_the_way_in(tmp_path: Path, shelf: Path, opened: Any) -> None:
    ring = [[119.0, 33.0], [119.1, 33.0], [119.1, 33.1], [119.0, 33.0]]
    import_boundaries(written(tmp_path, area({"adcode": "320831"}, [ring])), shelf, datum=Datum.GCJ02)
    west = min(lon for lon, _ in opened().lookup("320831").rings[0])
    assert 0.004 < 119.0 - west < 0.008


def test_what_has_no_code_or_no_area_is_skipped_and_counted(tmp_path: Path, shelf: Path) -> None:
    point = area({"adcode": "320826"}, [1, 2], "Point")
    empty = {"type": "Feature", "properties": None, "geometry": None}
    info = import_boundaries(written(tmp_path, area({"adcode": "320800"}), area({"x": 1}), point, empty), shelf)
    assert (info.regions, info.skipped) == (1, 3)


def test_importing_again_replaces(tmp_path: Path, shelf: Path, opened: Any) -> None:
    import_boundaries(written(tmp_path, area({"adcode": "320800"})), shelf)
    import_boundaries(written(tmp_path, area({"adcode": "320900"})), shelf)
    assert opened().lookup("320800") is None and len(list(shelf.iterdir())) == 1


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[]", "null", '{"type":"Topology"}', '{"type":"Feature","features":[]}', "[" * 100_000,
     '{"type":"FeatureCollection","features":[]}', '{"type":"FeatureCollection","features":[{"geometry":1}]}',
     '{"type":"FeatureCollection","features":[{"properties":{"adcode":"320800"},"geometry":' + "[" * 50_000,
     json.dumps({"type": "FeatureCollection", "features": [area({"adcode": "320800"}, [[[1], [2], [3], [4]]])]}),
     json.dumps({"type": "FeatureCollection", "features": [area({"adcode": "320800"}, [[[500, 1]] * 5])]}),
     json.dumps({"type": "FeatureCollection", "features": [area({"adcode": "320800"}, "x")]})],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence_and_leaves_nothing(tmp_path: Path, shelf: Path, text: str) -> None:
    path = tmp_path / "bad.geojson"
    path.write_text(text)
    with pytest.raises(BadBoundaries) as caught:
        import_boundaries(path, shelf)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    assert not shelf.exists() or list(shelf.iterdir()) == []


def test_sizes_are_bounded(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, area({"adcode": "320800"}), area({"adcode": "320900"}))
    for limit in ("MAX_FILE_BYTES", "MAX_REGIONS", "MAX_REGION_POINTS"):
        with monkeypatch.context() as patch, pytest.raises(BadBoundaries):
            patch.setattr(packs_module, limit, 1)
            import_boundaries(path, shelf)


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "..", "C:\\x"])
def test_a_pack_name_leads_nowhere(tmp_path: Path, shelf: Path, name: str) -> None:
    path = written(tmp_path, area({"adcode": "320800"}))
    if name == "..":
        with pytest.raises(BadBoundaries):
            import_boundaries(path, shelf, name=name)
    else:
        assert import_boundaries(path, shelf, name=name).path.parent == shelf


def test_a_file_that_is_no_pack_is_named(shelf: Path) -> None:
    shelf.mkdir()
    (shelf / "odd.boundaries").write_bytes(b"not a database at all" * 100)
    with pytest.raises(BadPack, match=r"odd\.boundaries"):
        Packs(shelf)


@pytest.mark.parametrize(
    "script",
    ["CREATE VIEW region AS SELECT '320800000000' AS code, 'x' AS name, randomblob(10) AS fine, NULL AS coarse",
     "CREATE TABLE other(x)",
     "CREATE TABLE region(code, name, fine, coarse); CREATE TRIGGER t AFTER INSERT ON region BEGIN SELECT 1; END"],
)  # fmt: skip
def test_a_database_dressed_as_a_pack_is_refused(shelf: Path, script: str) -> None:
    shelf.mkdir()
    with sqlite3.connect(shelf / "odd.boundaries") as db:
        db.executescript(f"PRAGMA application_id = {packs_module._MAGIC}; {script}")
    db.close()
    with pytest.raises(BadPack):
        Packs(shelf)


def test_a_blob_that_unfolds_too_far_is_refused(
    tmp_path: Path, shelf: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_boundaries(written(tmp_path, area({"adcode": "320800"})), shelf)
    monkeypatch.setattr(packs_module, "MAX_BLOB_BYTES", 4)
    with pytest.raises(BadPack):
        opened().lookup("320800")


def test_codes() -> None:
    assert list(parents("320826104001")) == [
        "320826104001", "320826104000", "320826000000", "320800000000", "320000000000",
    ]  # fmt: skip
    assert list(parents("320800000000")) == ["320800000000", "320000000000"]
    assert [code12(value) for value in ("320826", 320826104, "156320826", "٣٢٠٨٢٦", "32082", None)] == [
        "320826000000", "320826104000", "320826000000", None, None, None,
    ]  # fmt: skip


def test_names_to_town_level_from_the_code_table() -> None:
    assert [code_name(code) for code in ("32", "320000", "3208", "320800", "320826", "320826104000", "320826104")] == [
        None, "江苏省", None, "淮安市", "涟水县", "大东镇", "大东镇",
    ]  # fmt: skip
    assert code_name("999999") is None


def test_without_the_code_table_there_is_no_name(tmp_path: Path) -> None:
    assert code_name("320800", tmp_path) is None


def test_the_extra_boundaries_are_used_when_installed(
    tmp_path: Path, shelf: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = tmp_path / "land"
    land.mkdir()
    ring = [[119.0, 33.0], [119.1, 33.0], [119.1, 33.1], [119.0, 33.0]]
    (land / "320831.geojson").write_text(json.dumps({"type": "MultiPolygon", "coordinates": [[ring]]}))
    monkeypatch.setattr(packs_module, "_cnmaps_folder", lambda: land)
    found = opened().lookup("320831100")
    assert not found.exact and found.code == "320831000000" and found.name == "金湖县"
    assert 0.004 < 119.0 - min(lon for lon, _ in found.rings[0]) < 0.008


@needs_data
@pytest.mark.parametrize(
    ("name", "datum", "regions"),
    [("huaian_suzhou_nantong_xian_wgs84", Datum.WGS84, 40), ("huaian_detailed_gcj02_cnmaps", Datum.GCJ02, 8),
     ("cn_provinces_wgs84", Datum.WGS84, 35)],
)  # fmt: skip
def test_real_boundary_files(shelf: Path, opened: Any, name: str, datum: Datum, regions: int) -> None:
    info = import_boundaries(DATA / "admin" / f"{name}.geojson", shelf, datum=datum)
    assert (info.regions, info.skipped) == (regions, 0)
    assert opened().lookup("320826104000").rings


@needs_data
def test_the_two_datums_lie_on_one_another(tmp_path: Path) -> None:
    """The detailed GCJ-02 boundary of Jinhu, converted, lies on the simplified WGS-84 one; unconverted it does not."""
    corners = []
    for datum in (Datum.GCJ02, Datum.WGS84):
        shelf = tmp_path / datum
        import_boundaries(DATA / "admin/huaian_detailed_gcj02_cnmaps.geojson", shelf, datum=datum)
        packs = Packs(shelf)
        corners.append(_box(packs.rings("320831") or []))
        packs.close()
    import_boundaries(DATA / "admin/huaian_suzhou_nantong_xian_wgs84.geojson", tmp_path / "w")
    packs = Packs(tmp_path / "w")
    truth = _box(packs.rings("320831") or [])
    packs.close()
    off = [max(abs(a - b) for a, b in zip(box, truth, strict=True)) for box in corners]
    assert off[0] < 0.0015 and off[1] > 0.004


def _box(rings: list[list[list[float]]]) -> tuple[float, ...]:
    lons = [lon for ring in rings for lon, _ in ring]
    lats = [lat for ring in rings for _, lat in ring]
    return min(lons), min(lats), max(lons), max(lats)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
@pytest.mark.parametrize("path", ["/dev/zero", "/"])
def test_what_never_ends_is_no_file_of_boundaries(path: str, tmp_path: Path) -> None:
    with pytest.raises(BadBoundaries, match="not a file"):
        import_boundaries(Path(path), tmp_path)
