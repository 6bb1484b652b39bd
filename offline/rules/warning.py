"""Warnings: an alert is a proposal until a duty officer acts on it, makes it an incident, or dismisses it."""

from __future__ import annotations

from offline.rules.kinds import Kind, common, create, step

STAGES = ("proposed", "in_force", "incident", "dismissed", "lifted")
IN_FORCE = frozenset({"in_force", "incident"})

KINDS: tuple[Kind, ...] = (
    create("warning", "propose", "proposed", unattended=True, needs=("identifier", "sender", "status")),
    Kind("warning.edit", "warning", "edit", where="home"),
    step("warning", "act", "proposed", "in_force", "Only a proposal can be put in force."),
    step("warning", "raise", "proposed in_force", "incident", "It is already an incident or has ended.",
         needs=("incident",)),
    step("warning", "dismiss", "proposed", "dismissed", "Only a proposal can be dismissed.", needs=("reason",)),
    step("warning", "lift", "in_force incident", "lifted", "Only a warning in force can be lifted.", needs=("reason",)),
    *common("warning"),
)  # fmt: skip
