"""The page's shell, made by folium once: an empty map, our modules, and a policy that forbids everything else.

No text of a person ever enters here; live things reach the page as data over the channel.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

import folium
from branca.element import CssLink, Element, JavascriptLink

from map.assets import LocalFigure

MIN_ZOOM, MAX_ZOOM = 3, 19

CHANNEL_SCRIPT = "/qt/qwebchannel.js"
"""Served from Qt's own resources by whoever hosts the page."""

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_INLINE_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StartView:
    """Where the map opens: degrees in WGS-84, zoom 3..19."""

    lon: float = 119.15
    lat: float = 33.5
    zoom: int = 9


def page_html(start: StartView | None = None) -> str:
    """The whole page as HTML text: no address outside the app's own scheme, a content policy with hashes.

    Raises:
        UnbundledAsset: a folium element wants a link we do not ship.
    """
    return _with_policy(_shell(start or StartView()))


def content_policy(html: str) -> str:
    """The policy that lets exactly this page's own inline blocks run, by hash, and local files, and nothing else."""
    scripts = " ".join(_hashes(_INLINE_SCRIPT, html))
    styles = " ".join(_hashes(_INLINE_STYLE, html))
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' {styles}; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def _shell(start: StartView) -> str:
    shell = folium.Map(
        location=[start.lat, start.lon],
        zoom_start=start.zoom,
        tiles=None,
        control_scale=False,  # our own module adds it, metric only
        zoom_control=False,  # likewise, with words in the person's language
        attribution_control=False,  # plain words instead of a link that leaves
        zoom_animation=False,
        fade_animation=False,
        marker_zoom_animation=False,
        inertia=False,
        wheel_px_per_zoom_level=90,
    )
    shell._id = "fenghuo"  # a fixed name, so that our modules and the policy's hashes do not change per run
    shell.options.update(min_zoom=MIN_ZOOM, max_zoom=MAX_ZOOM)
    shell.default_js = [("leaflet", "/lib/leaflet.js")]
    shell.default_css = [("leaflet_css", "/lib/leaflet.css")]
    return str(_figure(shell).render())


def _figure(shell: folium.Map) -> LocalFigure:
    figure = LocalFigure()
    figure._id = "fenghuo"
    figure.title = "map"
    figure.header.add_child(CssLink("/web/page.css"))
    figure.add_child(shell)
    for path in ("/lib/topojson-client.js", CHANNEL_SCRIPT):
        figure.header.add_child(JavascriptLink(path))
    figure.html.add_child(Element('<script type="module" src="/web/main.js"></script>'), name="modules")
    return figure


def _with_policy(html: str) -> str:
    """The policy goes first in the head: it binds only what comes after it."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content_policy(html)}" />'
    return html.replace("<head>", f"<head>\n    {meta}", 1)


def _hashes(block: re.Pattern[str], html: str) -> list[str]:
    digests = (sha256(text.encode()).digest() for text in block.findall(html))
    return [f"'sha256-{b64encode(digest).decode()}'" for digest in digests]

