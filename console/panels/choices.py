"""What may be done with a record: which buttons it has, in a fixed order, and why one of them is off. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.i18n import Tongue
from offline.authority import is_at_or_above
from offline.rules.kinds import Kind
from offline.rules.table import KINDS, may_follow, may_hold

Record = dict[str, Any]
NameOf = Callable[[str], str]
PLAIN, REASON, ORDER, PICK_RESOURCE, PICK_TASK, GRADE = (
    "plain",
    "reason",
    "order",
    "pick_resource",
    "pick_task",
    "grade",
)


@dataclass(frozen=True)
class Me:
    """Who asks: this centre, the roles of whom is signed in, and the centres an order may go to."""

    centre: str
    roles: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One button.

    Attributes:
        name: the action, and the button's objectName. label: its words. why: the reason it is off, empty when it is
        on. needs: what is asked first (`plain` nothing). given: arguments beside the record. keys: shown on it.
    """

    name: str
    label: str
    why: str = ""
    needs: str = PLAIN
    given: dict[str, Any] = field(default_factory=dict)
    keys: str = ""

    @property
    def on(self) -> bool:
        """Whether it may be pressed."""
        return not self.why


_STEPS = {
    "incident": ("accept", "verify", "handle", "check", "close", "return", "void", "reopen"),
    "task": ("accept", "start", "done", "decline", "check", "again", "withdraw"),
    "resource": ("withdraw", "restore"),
    "warning": ("dismiss", "lift"),
}
STRAIGHT = {
    "incident": ("accept", "verify", "handle", "check", "close"),
    "task": ("accept", "start", "done", "check"),
}
"""Steps that F5 takes, in order."""


def why_not(t: Tongue, kind: Kind, record: Record, me: Me, name_of: NameOf) -> str:
    """Why this command may not be written on this record here and now; empty when it may."""
    if not me.roles:
        return t("why.nobody")
    refused = may_hold(kind, me.roles)
    if refused:
        return t("why.role", roles="、".join(t.get(f"role.{r}", r) for r in sorted(kind.roles)))
    if kind.shape == "step" and (refused := may_follow(kind, str(record["stage"]))):
        return t.sentence(refused)
    if kind.where == "home" and not is_at_or_above(me.centre, str(record["centre"])):
        return t("why.home", centre=name_of(record["centre"]))
    if kind.where == "target" and not is_at_or_above(me.centre, str(record.get("to") or "")):
        return t("why.target", to=name_of(str(record.get("to") or "")))
    return ""


def choices(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    """The buttons of a record, in their fixed order, with digits and F keys."""
    maker = _MAKERS.get(str(record["kind"]))
    made = maker(t, record, me, name_of) if maker else []
    nxt = straight_next(record, made, me)
    return [
        Choice(c.name, c.label, c.why, c.needs, c.given, _keys(c, n, nxt)) for n, c in enumerate(made, 1)
    ]  # fmt: skip


def _keys(choice: Choice, number: int, nxt: Choice | None) -> str:
    digit = str(number) if number <= 9 else ""
    extra = "F5" if nxt is not None and choice.name == nxt.name else "F4" if choice.name == "task.add" else ""
    return " ".join(x for x in (digit, extra) if x)


def straight_next(record: Record, made: list[Choice], me: Me) -> Choice | None:
    """What F5 does: the first step of the straight way that may be taken now; None when there is none.

    It never speaks for another centre: an order's receipt is its target's own.
    """
    names = [f"{record['kind']}.{s}" for s in STRAIGHT.get(str(record["kind"]), ())]
    names = [n for n in names if not behalf(KINDS[n], record, me)]
    if record["kind"] == "warning":
        names = ["warning.act"]
    return next((c for name in names for c in made if c.name == name and c.on), None)


def _step(t: Tongue, record: Record, verb: str, me: Me, name_of: NameOf) -> Choice:
    kind = KINDS[f"{record['kind']}.{verb}"]
    why = why_not(t, kind, record, me, name_of)
    label = t(f"verb.{kind.name}")
    if behalf(kind, record, me):
        label = t("do.on_behalf", verb=label)
    return Choice(kind.name, label, why, REASON if "reason" in kind.needs else PLAIN)


def behalf(kind: Kind, record: Record, me: Me) -> bool:
    """Whether writing this is speaking for a centre below: allowed, named so, and never the easy way."""
    return kind.where == "target" and record.get("to") != me.centre and is_at_or_above(me.centre, str(record.get("to")))


def _steps(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    return [_step(t, record, verb, me, name_of) for verb in _STEPS[str(record["kind"])]]


def _order(t: Tongue, record: Record, me: Me, name_of: NameOf, label: str, ended: tuple[str, ...]) -> Choice:
    why = why_not(t, KINDS["task.order"], record, me, name_of)
    if not why and record["stage"] in ended:
        why = t("why.ended")
    if not why and not me.others:
        why = t("why.nowhere")
    return Choice("task.add", t(label), why, ORDER)


def _incident(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    steps = _steps(t, record, me, name_of)
    order = _order(t, record, me, name_of, "do.order", ("closed", "merged", "void"))
    grade = Choice("incident.grade", t("do.grade"), why_not(t, KINDS["incident.grade"], record, me, name_of), GRADE)
    return [*steps[:2], order, *steps[2:5], grade, *steps[5:]]


def _task(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    steps = _steps(t, record, me, name_of)
    ended = ("done", "checked", "declined", "withdrawn")
    send_why = why_not(t, KINDS["resource.ask"], {**record, "centre": me.centre}, me, name_of)
    if not send_why and record["stage"] in ended:
        send_why = t("why.ended")
    send = Choice("resource.send", t("do.send_resource"), send_why, PICK_RESOURCE)
    return [*steps[:4], send, _order(t, record, me, name_of, "do.hand_on", ended), *steps[4:]]


def _resource(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    base = why_not(t, KINDS["resource.ask"], record, me, name_of)
    asked = t("why.asked") if record["stage"] == "asked" else ""
    send = base or asked or ("" if record["stage"] == "available" else t("why.not_free"))
    release = base or ("" if record["stage"] == "committed" else t("why.not_committed"))
    return [
        Choice("resource.send", t("verb.resource.send"), send, PICK_TASK),
        Choice("resource.release", t("verb.resource.release"), release),
        *_steps(t, record, me, name_of),
    ]


def _warning(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    act = why_not(t, KINDS["warning.act"], record, me, name_of)
    label = "do.act_cancel" if record.get("msg_type") == "Cancel" else "do.act"
    made = why_not(t, KINDS["warning.raise"], record, me, name_of) or why_not(
        t, KINDS["incident.report"], record, me, name_of
    )
    return [
        Choice("warning.act", t(label), act),
        Choice("warning.incident", t("do.make_incident"), made),
        *_steps(t, record, me, name_of),
    ]


def _call(t: Tongue, record: Record, me: Me, name_of: NameOf) -> list[Choice]:
    why = why_not(t, KINDS["call.link"], record, me, name_of)
    return [
        Choice("call.incident", t("verb.call.incident"), why, given={"title": str(record.get("words") or "")[:300]})
    ]


_MAKERS: dict[str, Callable[[Tongue, Record, Me, NameOf], list[Choice]]] = {
    "incident": _incident,
    "task": _task,
    "resource": _resource,
    "warning": _warning,
    "call": _call,
}


def settle_why(t: Tongue, record: Record, me: Me, name_of: NameOf) -> str:
    """Why the first conflict of a record may not be settled here; empty when it may."""
    if not record.get("conflicts"):
        return t("why.no_conflict")
    verb = "settle" if record["conflicts"][0]["what"] == "stage" else "edit"
    kind = KINDS.get(f"{record['kind']}.{verb}")
    return why_not(t, kind, record, me, name_of) if kind else t("why.no_conflict")
