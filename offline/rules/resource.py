"""Resources: asked for by a person, committed by the keeper of their centre alone."""

from __future__ import annotations

from offline.rules.kinds import Kind, common, create, step
from offline.rules.roles import DESK

STAGES = ("available", "committed", "out_of_service")
"""`asked` is not a stage of the merge: a view shows it while an ask waits for the keeper."""

KINDS: tuple[Kind, ...] = (
    create("resource", "register", "available", roles=DESK, needs=("name", "type")),
    Kind("resource.edit", "resource", "edit", where="home", bars=("ask", "task")),
    Kind("resource.ask", "resource", "note", roles=DESK, where="home", heavy=True, needs=("want",)),
    step("resource", "commit", "available", "committed", "It is not free.", where="keeper", unattended=True,
         needs=("ask", "task")),
    step("resource", "release", "committed", "available", "It is not committed.", where="keeper", unattended=True,
         needs=("ask",)),
    Kind("resource.refuse", "resource", "note", where="keeper", unattended=True, needs=("ask", "reason")),
    step("resource", "withdraw", "available", "out_of_service", "Release it first.", needs=("reason",)),
    step("resource", "restore", "out_of_service", "available", "It is not out of service."),
    *common("resource"),
)  # fmt: skip
