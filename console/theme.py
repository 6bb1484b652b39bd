"""Colours and type of day and night, and the style sheet made of them.

Calm grey ground; colour is spent on what is abnormal. Red, orange, yellow and blue belong to warning colours and grades
and to nothing else: focus and selection are teal, what is abnormal is magenta, what is done is quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei UI", "PingFang SC", "WenQuanYi Micro Hei")
"""Typefaces that have all the characters, best first."""

SMALL_PT, BASE_PT, BIG_PT = 8.5, 9.5, 13.0
RATIO_MIN = 4.5  # WCAG AA for text


@dataclass(frozen=True)
class Theme:
    """One set of colours, `#rrggbb` each.

    Attributes:
        ground, panel, field: behind everything, behind a region, behind what can be typed in.
        text, quiet: words that matter now, and those that are done or beside the point.
        line: between regions. accent, on_accent: focus and selection. abnormal, on_abnormal: what is wrong.
        hatch: stripes behind what is not real.
    """

    name: str
    ground: str
    panel: str
    field: str
    text: str
    quiet: str
    line: str
    accent: str
    on_accent: str
    chosen: str
    abnormal: str
    on_abnormal: str
    hatch: str
    warning: dict[str, tuple[str, str]]
    """Ground and text of each warning colour."""


DAY = Theme(
    name="day", ground="#d7dadc", panel="#e9ebec", field="#f6f7f7", text="#16191c", quiet="#4d565c", line="#a9b0b5",
    accent="#0b655c", on_accent="#ffffff", chosen="#bfd8d3", abnormal="#8a1768", on_abnormal="#ffffff", hatch="#c3c8cb",
    warning={"red": ("#bd1220", "#ffffff"), "orange": ("#f28a1c", "#16191c"), "yellow": ("#f4cd1e", "#16191c"),
             "blue": ("#1c5fbf", "#ffffff")},
)  # fmt: skip
NIGHT = Theme(
    name="night", ground="#15181a", panel="#1e2224", field="#272c2f", text="#d9dcde", quiet="#99a2a8", line="#3d454a",
    accent="#5cc4b6", on_accent="#0d1413", chosen="#24504b", abnormal="#f08acb", on_abnormal="#1d0d18", hatch="#30373b",
    warning={"red": ("#c8222f", "#ffffff"), "orange": ("#e07d16", "#16191c"), "yellow": ("#d9b51a", "#16191c"),
             "blue": ("#2b66c2", "#ffffff")},
)  # fmt: skip
THEMES = {"day": DAY, "night": NIGHT}
GRADE_COLOUR = {"I": "red", "II": "orange", "III": "yellow", "IV": "blue"}


def theme(name: str) -> Theme:
    """The theme of this name; day for anything else."""
    return THEMES.get(name, DAY)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0..1, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1..21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable(t: Theme) -> list[tuple[str, str, str]]:
    """Every pair of text on ground that the style sheet and the painters use: `(what, text, ground)`."""
    grounds = {"ground": t.ground, "panel": t.panel, "field": t.field}
    pairs = [(f"text on {n}", t.text, g) for n, g in grounds.items()]
    pairs += [(f"quiet on {n}", t.quiet, g) for n, g in grounds.items()]
    pairs += [(f"accent on {n}", t.accent, g) for n, g in grounds.items()]
    pairs += [(f"abnormal on {n}", t.abnormal, g) for n, g in grounds.items()]
    pairs += [("accent chip", t.on_accent, t.accent), ("abnormal chip", t.on_abnormal, t.abnormal)]
    pairs += [("chosen row", t.text, t.chosen), ("hatched badge", t.text, t.hatch)]
    return pairs + [(f"warning {name}", text, ground) for name, (ground, text) in t.warning.items()]


def family(installed: Iterable[str]) -> str:
    """The typeface to use of those installed; empty for the system's own when it has none of ours."""
    have = set(installed)
    return next((f for f in FAMILIES if f in have), "")


def stylesheet(t: Theme) -> str:
    """The window's style sheet."""
    tones = "".join(_tones(t))
    return f"""
* {{ font-size: {BASE_PT}pt; }}
QMainWindow, QDialog, QWidget#desk {{ background: {t.ground}; }}
QWidget {{ color: {t.text}; }}
QFrame[region="true"] {{ background: {t.panel}; border: 1px solid {t.line}; }}
QFrame[region="true"][focused="true"] {{ border: 1px solid {t.accent}; }}
QFrame#strip {{ background: {t.panel}; border: 1px solid {t.line}; }}
QLabel {{ background: transparent; border: 0; }}
QLabel[head="true"] {{ color: {t.quiet}; font-size: {SMALL_PT}pt; font-weight: 600; padding: 1px 4px; }}
QLabel[big="true"] {{ font-size: {BIG_PT}pt; font-weight: 600; }}
QLabel[key="true"] {{ color: {t.quiet}; }}
{tones}
QTableView, QListView, QPlainTextEdit, QLineEdit, QComboBox, QTextEdit {{
  background: {t.field}; border: 1px solid {t.line}; selection-background-color: {t.chosen};
}}
QListView, QPlainTextEdit, QLineEdit, QComboBox {{ selection-color: {t.text}; }}
QTableView {{ border: 0; gridline-color: {t.line}; }}
QTableView::item {{ padding: 0 3px; }}
QTableView::item:selected {{ background: {t.chosen}; }}
QTableView:focus, QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QListView:focus {{
  border: 1px solid {t.accent};
}}
QLineEdit, QComboBox {{ padding: 2px 4px; }}
QComboBox QAbstractItemView {{ background: {t.field}; color: {t.text}; selection-background-color: {t.chosen}; }}
QHeaderView {{ background: {t.panel}; }}
QHeaderView::section {{
  background: {t.panel}; color: {t.quiet}; border: 0; border-bottom: 1px solid {t.line}; padding: 1px 3px;
  font-size: {SMALL_PT}pt;
}}
QPushButton {{ background: {t.field}; border: 1px solid {t.line}; padding: 3px 8px; }}
QPushButton:hover {{ border-color: {t.accent}; }}
QPushButton:focus {{ border: 1px solid {t.accent}; }}
QPushButton:pressed {{ background: {t.chosen}; }}
QPushButton:disabled {{ color: {t.quiet}; background: {t.panel}; border: 1px dotted {t.line}; }}
QPushButton[main="true"]:enabled {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; }}
QTabWidget::pane {{ border: 0; }}
QTabBar::tab {{ background: {t.ground}; color: {t.quiet}; padding: 2px 10px; border: 1px solid {t.line}; }}
QTabBar::tab:selected {{ background: {t.panel}; color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: 0; }}
QScrollBar:vertical {{ background: {t.panel}; width: 10px; }}
QScrollBar:horizontal {{ background: {t.panel}; height: 10px; }}
QScrollBar::handle {{ background: {t.line}; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
  background: none; width: 0; height: 0;
}}
QSplitter::handle {{ background: {t.ground}; }}
QToolTip {{ background: {t.field}; color: {t.text}; border: 1px solid {t.line}; }}
"""


def _tones(t: Theme) -> Iterable[str]:
    """How a label with the property `tone` looks; the same names as the pure functions of `words` use."""
    yield f'QLabel[tone="quiet"] {{ color: {t.quiet}; }}\n'
    yield f'QLabel[tone="done"] {{ color: {t.quiet}; }}\n'
    yield f'QLabel[tone="next"] {{ color: {t.quiet}; }}\n'
    yield f'QLabel[tone="now"] {{ color: {t.on_accent}; background: {t.accent}; padding: 0 4px; font-weight: 600; }}\n'
    yield 'QLabel[tone="strong"] { font-weight: 600; }\n'
    yield f'QLabel[tone="unknown"] {{ color: {t.quiet}; font-style: italic; }}\n'
    yield f'QLabel[tone="wrong"] {{ color: {t.abnormal}; font-weight: 600; }}\n'
    chip = "padding: 0 5px; font-weight: 600;"
    yield f'QLabel[tone="abnormal"] {{ color: {t.on_abnormal}; background: {t.abnormal}; {chip} }}\n'
    yield f'QLabel[tone="accent"] {{ color: {t.accent}; font-weight: 600; }}\n'
    yield f'QLabel[tone="unreal"] {{ background: {t.hatch}; border: 1px dashed {t.text}; padding: 0 4px; }}\n'
    for name, (ground, text) in t.warning.items():
        yield f'QLabel[tone="{name}"] {{ background: {ground}; color: {text}; padding: 0 5px; font-weight: 600; }}\n'
