"""Everything that is read can be read, by day and by night."""

from __future__ import annotations

import re

import pytest

from console.theme import DAY, NIGHT, RATIO_MIN, Theme, contrast, family, readable, stylesheet


@pytest.mark.parametrize("theme", [DAY, NIGHT], ids=lambda t: t.name)
def test_contrast(theme: Theme) -> None:
    low = {what: round(contrast(text, ground), 2) for what, text, ground in readable(theme)}
    assert not {what: ratio for what, ratio in low.items() if ratio < RATIO_MIN}


def test_contrast_is_the_standard_s() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [DAY, NIGHT], ids=lambda t: t.name)
def test_the_sheet_uses_warning_colours_only_for_warnings(theme: Theme) -> None:
    plain = re.sub(r'QLabel\[tone="(red|orange|yellow|blue)"\] \{[^}]*\}', "", stylesheet(theme))
    assert not [ground for ground, _ in theme.warning.values() if ground in plain]
    assert set(re.findall(r'tone="(red|orange|yellow|blue)"', stylesheet(theme))) == set(theme.warning)


def test_family() -> None:
    assert family(["DejaVu Sans", "Noto Sans CJK SC"]) == "Noto Sans CJK SC"
    assert family(["DejaVu Sans"]) == ""
