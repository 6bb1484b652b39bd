"""Which switches the engine gets, and when."""

from __future__ import annotations

from console.mapview.flags import VARIABLE, chromium_flags


def test_a_user_keeps_sandbox_and_gpu() -> None:
    flags = chromium_flags(environ := {}, euid=1000)
    assert "--no-sandbox" not in flags and "--disable-gpu" not in flags
    assert "max-old-space-size=512" in flags and environ == {VARIABLE: flags}


def test_only_root_loses_the_sandbox() -> None:
    assert "--no-sandbox" in chromium_flags({}, euid=0)


def test_safe_graphics_and_offscreen_turn_the_gpu_off() -> None:
    assert "--disable-gpu" in chromium_flags({"FENGHUO_SAFE_GRAPHICS": "1"}, euid=1)
    assert "--disable-gpu" in chromium_flags({"QT_QPA_PLATFORM": "offscreen:size=9x9"}, euid=1)


def test_what_was_set_before_stays_and_nothing_doubles() -> None:
    environ = {VARIABLE: "--foo"}
    once = chromium_flags(environ, euid=0)
    assert once.startswith("--foo ") and chromium_flags(environ, euid=0) == once
