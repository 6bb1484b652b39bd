"""Every key of the desk, each with its help; the same words stand on the F1 page.

Left free on purpose: F10 (menu), Ctrl+Space, Shift, Ctrl+Shift, Ctrl+period (input methods). Digits, `/` and Enter
belong to lists and to the chosen record, never to a place where one types.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.i18n import Tongue


@dataclass(frozen=True)
class Shortcut:
    """One key.

    Attributes:
        name: what the window does, and the QAction's objectName with `key.` in front. keys: as Qt writes it.
        everywhere: works while typing too; else only in lists.
    """

    name: str
    keys: str
    everywhere: bool = True


TABLE = (
    Shortcut("keys", "F1"),
    Shortcut("intake", "F2"),
    Shortcut("find", "F3"),
    Shortcut("order", "F4"),
    Shortcut("next", "F5"),
    Shortcut("chase", "F6"),
    Shortcut("journal", "F8"),
    Shortcut("command", "Ctrl+K"),
    Shortcut("region1", "Ctrl+1"),
    Shortcut("region2", "Ctrl+2"),
    Shortcut("region3", "Ctrl+3"),
    Shortcut("region4", "Ctrl+4"),
    Shortcut("region5", "Ctrl+5"),
    Shortcut("region6", "Ctrl+6"),
    Shortcut("region7", "Ctrl+7"),
    Shortcut("incidents", "Alt+2"),
    Shortcut("resources", "Alt+3"),
    Shortcut("conflict", "Ctrl+J"),
    Shortcut("send", "Ctrl+Return"),
    Shortcut("back", "Esc"),
    Shortcut("night", "Ctrl+F2"),
    Shortcut("language", "Ctrl+F3"),
    Shortcut("open", "Return", everywhere=False),
    Shortcut("answer", "1…9", everywhere=False),
    Shortcut("filter", "/", everywhere=False),
)
TAKEN_BY_INPUT_METHODS = frozenset({"Ctrl+Space", "Shift", "Ctrl+Shift", "Ctrl+.", "Shift+Space", "F10"})


def help_lines(t: Tongue) -> list[tuple[str, str]]:
    """Key and what it does, for the F1 page."""
    return [(s.keys.replace("Return", "Enter"), t(f"short.{s.name}")) for s in TABLE]
