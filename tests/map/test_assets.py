"""The table of local files: everything there exists, everything else does not."""

from __future__ import annotations

from pathlib import Path

import folium
import pytest
from folium.plugins import Draw, MarkerCluster

from map import assets
from map.assets import ASSETS, OWN_MODULES, WEB, Asset, LocalFigure, asset
from map.errors import AssetsMissing, UnbundledAsset


def test_every_asset_is_on_this_machine() -> None:
    assets.check()
    assert assets.missing() == []
    for item in ASSETS.values():
        assert item.file().stat().st_size > 0


def test_every_module_of_ours_is_served() -> None:
    assert {path.stem for path in WEB.glob("*.js")} == set(OWN_MODULES)


def test_unknown_path_is_named() -> None:
    with pytest.raises(UnbundledAsset, match=r"/etc/passwd"):
        asset("/etc/passwd")


def test_a_planted_link_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(UnbundledAsset):
        Asset(tmp_path / "root", "link", "text/plain").file()
    with pytest.raises(UnbundledAsset):
        Asset(tmp_path / "root", "../secret", "text/plain").file()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing) as caught:
        Asset(tmp_path, "leaflet.js", "text/javascript").file()
    assert "make setup" in str(caught.value)


@pytest.mark.parametrize("plugin", [MarkerCluster, Draw])
def test_a_plugin_with_outside_links_fails_here(plugin: type) -> None:
    figure = LocalFigure()
    shell = folium.Map(tiles=None)
    shell.default_js, shell.default_css = [], []
    figure.add_child(shell)
    plugin().add_to(shell)
    with pytest.raises(UnbundledAsset):
        figure.render()


def test_folium_itself_is_left_as_it_was() -> None:
    before = list(folium.Map.default_js)
    figure = LocalFigure()
    figure.add_child(folium.Map(tiles=None))
    with pytest.raises(UnbundledAsset):  # its jQuery, which we do not ship
        figure.render()
    assert folium.Map.default_js == before
