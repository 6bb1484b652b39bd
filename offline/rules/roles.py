"""Roles of people on duty, with the words for them."""

from __future__ import annotations

ROLES: dict[str, tuple[str, str]] = {
    "duty": ("值班员", "duty officer"),
    "leader": ("带班领导", "leader on duty"),
    "commander": ("指挥长", "commander"),
    "field": ("现场联络员", "field coordinator"),
    "security": ("安全员", "security officer"),
}

DESK = frozenset({"duty", "leader", "commander"})
"""Who may command from a desk."""

EVERYONE = frozenset({"duty", "leader", "commander", "field"})
"""Who may report and note."""
