"""Switches for the page's engine; must be set before anything of QtWebEngine is imported."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

VARIABLE = "QTWEBENGINE_CHROMIUM_FLAGS"
HEAP_MB = 512  # one page needs about 150 MB at 100,000 objects; without a bound a leak takes the machine


def chromium_flags(environ: MutableMapping[str, str] | None = None, *, euid: int | None = None) -> str:
    """Set the switches and return them; what is already in the variable stays.

    `FENGHUO_SAFE_GRAPHICS=1` or an offscreen platform turns the GPU off. The sandbox goes only for root, whom
    Chromium would refuse otherwise.
    """
    environ = os.environ if environ is None else environ
    flags = [*environ.get(VARIABLE, "").split(), *_wanted(environ, _euid() if euid is None else euid)]
    environ[VARIABLE] = " ".join(dict.fromkeys(flags))
    if _offscreen(environ):
        environ.setdefault("QSG_RHI_BACKEND", "null")  # else Qt looks for a GPU that is not there, and says so loudly
    return environ[VARIABLE]


def _wanted(environ: MutableMapping[str, str], euid: int) -> list[str]:
    flags = [f"--js-flags=--max-old-space-size={HEAP_MB}", "--disable-background-networking"]
    if environ.get("FENGHUO_SAFE_GRAPHICS") or _offscreen(environ):
        flags.append("--disable-gpu")
    if euid == 0:
        flags.append("--no-sandbox")
    return flags


def _offscreen(environ: MutableMapping[str, str]) -> bool:
    return environ.get("QT_QPA_PLATFORM", "").startswith("offscreen")


def _euid() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 1000
