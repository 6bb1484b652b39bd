"""Every file the page may load, by address; whatever is not here does not exist for it.

The page's libraries lie in `resources/node_modules` (fetched at set-up), our own modules in `map/web`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from branca.element import CssLink, Element, Figure, JavascriptLink

from map.errors import AssetsMissing, UnbundledAsset

MODULES = Path(__file__).resolve().parent.parent / "resources" / "node_modules"
WEB = Path(__file__).resolve().parent / "web"

_JS, _CSS, _JSON, _PNG = "text/javascript", "text/css", "application/json", "image/png"


@dataclass(frozen=True, slots=True)
class Asset:
    """One local file: the folder it must stay in, its path there, its media type."""

    root: Path
    path: str
    mime: str

    def file(self) -> Path:
        """The file on disk.

        Raises:
            AssetsMissing: it is not there.
            UnbundledAsset: it leads out of its folder (a link somebody planted).
        """
        root = self.root.resolve()
        found = (root / self.path).resolve()
        if not found.is_relative_to(root):
            raise UnbundledAsset(f"The map file {self.path} leads out of its folder.")
        if not found.is_file():
            raise AssetsMissing(f"The map page needs {self.path}, which is not on this machine.")
        return found


def _library(path: str, mime: str) -> Asset:
    return Asset(MODULES, path, mime)


OWN_MODULES = (
    "main", "store", "mercator", "ground", "areas", "symbols", "live", "labels", "interact", "controls", "bridge",
    "probe",
)  # fmt: skip

ASSETS: dict[str, Asset] = {
    "/lib/leaflet.js": _library("leaflet/dist/leaflet.js", _JS),
    "/lib/leaflet.css": _library("leaflet/dist/leaflet.css", _CSS),
    "/lib/images/layers.png": _library("leaflet/dist/images/layers.png", _PNG),
    "/lib/images/layers-2x.png": _library("leaflet/dist/images/layers-2x.png", _PNG),
    "/lib/images/marker-icon.png": _library("leaflet/dist/images/marker-icon.png", _PNG),
    "/lib/images/marker-icon-2x.png": _library("leaflet/dist/images/marker-icon-2x.png", _PNG),
    "/lib/images/marker-shadow.png": _library("leaflet/dist/images/marker-shadow.png", _PNG),
    "/lib/topojson-client.js": _library("topojson-client/dist/topojson-client.min.js", _JS),
    "/base/land-50m.json": _library("world-atlas/land-50m.json", _JSON),
    "/base/land-10m.json": _library("world-atlas/land-10m.json", _JSON),
    "/web/page.css": Asset(WEB, "page.css", _CSS),
    **{f"/web/{name}.js": Asset(WEB, f"{name}.js", _JS) for name in OWN_MODULES},
}

# Addresses folium writes by itself, and the local file that stands for each. Only what the page really uses is here:
# jQuery, Bootstrap, Font Awesome and the marker icons are dropped in page.py, not served.
FOLIUM_LINKS: dict[str, str] = {
    "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js": "/lib/leaflet.js",
    "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css": "/lib/leaflet.css",
}


def asset(path: str) -> Asset:
    """The asset at an address path such as `/lib/leaflet.js`; UnbundledAsset when there is none."""
    try:
        return ASSETS[path]
    except KeyError:
        raise UnbundledAsset(f"The map page asked for {path[:200]}, which does not ship with the program.") from None


def missing() -> list[str]:
    """Paths of assets that are not on this machine, sorted; empty after a whole set-up."""
    return sorted(item.path for item in ASSETS.values() if not (item.root / item.path).is_file())


def check() -> None:
    """Raise AssetsMissing, naming the first three files, unless every asset is there."""
    if gone := missing():
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        raise AssetsMissing(f"The map page lacks {', '.join(gone[:3])}{more}.")


def local_link(url: str) -> str:
    """The local address for a link that folium or a plugin of it wants; UnbundledAsset when we have none."""
    if url in ASSETS or url.startswith("/qt/"):
        return url
    try:
        return FOLIUM_LINKS[url]
    except KeyError:
        raise UnbundledAsset(f"The map page wants {url[:200]}, which does not ship with the program.") from None


class _LocalHeader(Element):
    """The one place through which every script and style link of folium passes."""

    def add_child(self, child: Any, name: str | None = None, index: int | None = None) -> Any:
        if isinstance(child, JavascriptLink | CssLink):
            child.url = local_link(child.url)
        return super().add_child(child, name=name, index=index)


class LocalFigure(Figure):
    """A folium page that can only link local assets; anything else fails here, in the test and not in the field."""

    def __init__(self) -> None:
        super().__init__()
        children = self.header._children
        self.header = _LocalHeader()
        self.header._parent = self
        self.header._children.update(children)
