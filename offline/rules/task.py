"""Tasks: an order to a centre, with its receipts."""

from __future__ import annotations

from offline.rules.kinds import Kind, common, create, step
from offline.rules.roles import DESK, EVERYONE

STAGES = ("ordered", "accepted", "under_way", "done", "checked", "declined", "withdrawn")
ENDED = frozenset({"checked", "withdrawn"})

KINDS: tuple[Kind, ...] = (
    create("task", "order", "ordered", roles=DESK, heavy=True, needs=("title", "to")),
    Kind("task.edit", "task", "edit", roles=DESK, where="home", bars=("to",)),
    step("task", "accept", "ordered", "accepted", "Only an order that waits can be accepted.",
         roles=EVERYONE, where="target"),
    step("task", "start", "accepted", "under_way", "Accept the order before reporting it under way.",
         roles=EVERYONE, where="target"),
    step("task", "done", "accepted under_way", "done", "Only an accepted order can be reported done.",
         roles=EVERYONE, where="target"),
    step("task", "decline", "ordered accepted", "declined", "An order under way cannot be declined.",
         roles=EVERYONE, where="target", needs=("reason",)),
    step("task", "check", "done", "checked", "Only what was reported done can be checked off."),
    step("task", "again", "done declined", "ordered", "Only what was done or declined can be ordered again.",
         heavy=True, needs=("reason",)),
    step("task", "withdraw", "ordered accepted under_way declined", "withdrawn",
         "What is done cannot be withdrawn.", needs=("reason",)),
    *common("task"),
)  # fmt: skip
