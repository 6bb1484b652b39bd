"""The errors of the picture.

    FenghuoError (offline/errors.py)
        MapError
            UnbundledAsset      something asked for a file or address that is not in the table of local assets
            AssetsMissing       a file of the page's libraries is not on this machine
            BadBoundaries       a boundary file that cannot be read
            BadPack             a pack in the profile that is not one of ours
"""

from __future__ import annotations

from offline.errors import FenghuoError


class MapError(FenghuoError):
    """Known trouble with the map; records are never touched by it."""

    code = "map"
    safe = "Records, tasks and messages are untouched; only the picture is affected."


class UnbundledAsset(MapError):
    """A page element wants something that does not ship with the program."""

    code = "unbundled_asset"
    do = "Use only what the table in map/assets.py lists, or add a local file to it."


class AssetsMissing(MapError):
    """The page's libraries were not fetched at set-up."""

    code = "assets_missing"
    do = "Run `make setup` once while a network is there."


class BadBoundaries(MapError):
    """A file of boundaries that cannot be taken in."""

    code = "bad_boundaries"
    safe = "Nothing was imported."
    do = "Give a GeoJSON FeatureCollection of areas whose properties carry a region code."


class BadPack(MapError):
    """A pack that is damaged or not ours."""

    code = "bad_pack"
    do = "Delete the named pack and import its source again."
