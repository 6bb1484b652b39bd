"""What a desk writes beside the three great records: calls, the journal, and its own bookkeeping."""

from __future__ import annotations

from offline.rules.kinds import Kind, common, create, step
from offline.rules.roles import ROLES

KINDS: tuple[Kind, ...] = (
    create("call", "take", "taken", needs=("received_at",)),
    Kind("call.edit", "call", "edit", where="home"),
    step("call", "link", "taken", "linked", "The call already belongs to an incident.", needs=("incident",)),
    *common("call"),
    create("logentry", "write", "written", needs=("text", "at")),
    *common("logentry"),
    create("session", "signin", "open", roles=frozenset(ROLES), heavy=True),
    create("segment", "open", "open", unattended=True),
)
