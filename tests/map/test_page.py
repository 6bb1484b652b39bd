"""The shell: nothing outside is named in it, and its policy fits it exactly."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from map.assets import ASSETS
from map.page import CHANNEL_SCRIPT, StartView, page_html


def test_no_outside_address_is_in_the_page() -> None:
    html = page_html()
    assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", html, re.IGNORECASE)


def test_every_link_is_a_local_asset() -> None:
    links = re.findall(r'(?:src|href)="([^"]+)"', page_html())
    assert "/lib/leaflet.js" in links and "/web/main.js" in links
    assert set(links) <= {*ASSETS, CHANNEL_SCRIPT}


def test_the_policy_hashes_exactly_the_inline_blocks() -> None:
    html = page_html()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy and html.index("Content-Security-Policy") < html.index("<script")
    blocks = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", html, re.DOTALL)
    hashes = {f"'sha256-{b64encode(sha256(block.encode()).digest()).decode()}'" for block in blocks}
    assert hashes == set(re.findall(r"'sha256-[^']+'", policy[1]))
    assert "unsafe" not in policy[1] and "http" not in policy[1]
    assert policy[1].startswith("default-src 'none'")


def test_the_page_is_the_same_every_time() -> None:
    assert page_html() == page_html()
    assert page_html(StartView(109.0, 34.2, 8)) != page_html()


def test_no_attribution_link_and_no_tiles() -> None:
    html = page_html()
    assert '"attributionControl": false' in html
    assert "tileLayer" not in html
