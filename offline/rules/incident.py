"""Incidents: 接报 → 受理 → 核实 → 派遣 → 处置 → 核查 → 办结, with the side doors."""

from __future__ import annotations

from offline.rules.kinds import Kind, common, create, step
from offline.rules.roles import DESK

STAGES = (
    "reported", "accepted", "verified", "dispatched", "handling", "checked", "closed", "returned", "merged", "void",
)  # fmt: skip
ENDED = frozenset({"closed", "merged", "void"})
OPEN = "reported accepted verified dispatched handling"

KINDS: tuple[Kind, ...] = (
    create("incident", "report", "reported", needs=("title",), bars=("grade", "into")),
    Kind("incident.edit", "incident", "edit", bars=("grade", "into")),
    Kind("incident.grade", "incident", "edit", roles=DESK, where="home", heavy=True, needs=("grade",)),
    step("incident", "accept", "reported returned", "accepted",
         "Only a reported or returned incident can be accepted."),
    step("incident", "verify", "accepted", "verified", "Only an accepted incident can be verified."),
    step("incident", "dispatch", "accepted verified", "dispatched", "An incident is dispatched once it is accepted."),
    step("incident", "handle", "dispatched", "handling", "Handling starts when somebody has been dispatched."),
    step("incident", "check", "handling dispatched", "checked", "Only what is being handled can be checked."),
    step("incident", "close", "checked", "closed", "An incident is closed after its outcome has been checked."),
    step("incident", "return", "reported accepted", "returned", "It is returned before it is verified.",
         needs=("reason",)),
    step("incident", "void", "reported accepted verified returned", "void",
         "What has been dispatched cannot be made void; check and close it.", needs=("reason",)),
    step("incident", "merge", OPEN, "merged", "Only an open incident can be merged.", needs=("into",)),
    step("incident", "reopen", "checked closed void merged", "handling", "Only what has ended can be reopened.",
         needs=("reason",)),
    *common("incident"),
)  # fmt: skip
