"""A typed line as a plan: what it will do and to whom, or what is still missing. Pure.

The verbs are the same as on the buttons, in Chinese and English; what is chosen in region 4 is what a verb without an
object means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from console import words
from console.i18n import Tongue
from console.panels.choices import Choice, Me, choices, settle_why
from console.panels.facts import sides

Record = dict[str, Any]
ARROW = re.compile(r"\s*(?:→|->|>|至)\s*")
DUE = re.compile(r"\s*(\+\d{1,4})\s*$")
_OPEN_TASK = ("ordered", "accepted", "under_way")

SEND = ("派", "派遣", "send", "dispatch")
ORDER = ("令", "下达", "指令", "order")
LOG = ("记", "大事记", "log", "write")
SETTLE = ("裁定", "settle", "keep")
VERBS: dict[str, str] = {
    "受理": "accept", "核实": "verify", "处置": "handle", "核查": "check", "办结": "close", "签收": "accept",
    "执行": "start", "出动": "start", "完成": "done", "退回": "decline", "作废": "void", "核验": "check",
    "核验销号": "check", "撤销": "withdraw", "归建": "release", "停用": "withdraw", "恢复": "restore",
    "发布": "act", "发布预警": "act", "转为事件": "incident", "转事件": "incident", "不予采纳": "dismiss",
    "解除": "lift", "重新打开": "reopen", "重新下达": "again", "accept": "accept", "verify": "verify",
    "handle": "handle", "handling": "handle", "check": "check", "close": "close", "start": "start",
    "done": "done", "decline": "decline", "return": "decline", "void": "void", "withdraw": "withdraw",
    "release": "release", "restore": "restore", "act": "act", "incident": "incident", "dismiss": "dismiss",
    "lift": "lift", "reopen": "reopen", "again": "again",
}  # fmt: skip
"""A verb that acts on what is chosen, and the step it means."""


@dataclass(frozen=True)
class Context:
    """What a line may speak of: the chosen record, centres as `View.centres`, resources, open orders, who asks."""

    me: Me
    chosen: Record | None = None
    centres: Sequence[Record] = ()
    resources: Sequence[Record] = ()
    tasks: Sequence[Record] = ()
    now_ms: int = 0

    def name_of(self, path: str) -> str:
        """What people call a centre."""
        return next((str(c["name"]) for c in self.centres if c["path"] == path), path)


@dataclass(frozen=True)
class Plan:
    """What a line means.

    Attributes:
        action: name of the action, empty while the line cannot be carried out. given: its arguments.
        says: what it will do and to whom, or what is missing.
    """

    says: str
    action: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether it can be sent."""
        return bool(self.action)


def parse(t: Tongue, text: str, at: Context) -> Plan:
    """The plan of a line; never raises."""
    verb, rest = _split(text)
    if not verb:
        return Plan(t("command.empty"))
    for names, reader in ((SEND, _send), (ORDER, _order), (LOG, _log), (SETTLE, _settle)):
        if verb.lower() in names:
            return reader(t, rest, at)
    step = VERBS.get(verb.lower())
    return _step(t, verb, step, rest, at) if step else Plan(t("command.unknown_verb", verb=verb))


def _split(text: str) -> tuple[str, str]:
    """The verb and what follows; a Chinese verb need not be followed by a space."""
    flat = words.line(text, 2_000)
    verb, _, rest = flat.partition(" ")
    if verb.lower() in VERBS or verb.lower() in (*SEND, *ORDER, *LOG, *SETTLE):
        return verb, rest.strip()
    spoken = [v for v in (*VERBS, *SEND, *ORDER, *LOG, *SETTLE) if not v.isascii() and flat.startswith(v)]
    best = max(spoken, key=len, default="")
    return (best, flat[len(best) :].strip()) if best else (verb, rest.strip())


def _will(t: Tongue, what: str) -> str:
    return t("command.will", what=what)


# On what is chosen


def _step(t: Tongue, verb: str, step: str, rest: str, at: Context) -> Plan:
    if at.chosen is None:
        return Plan(t("command.nothing_selected"))
    names = {f"{at.chosen['kind']}.{s}" for s in ((step, "return") if step == "decline" else (step,))}
    found = next((c for c in choices(t, at.chosen, at.me, at.name_of) if c.name in names), None)
    if found is None:
        return Plan(t("command.not_for", verb=verb, kind=words.kind(t, at.chosen)))
    if not found.on:
        return Plan(t("said.refused", what=found.label, why=found.why))
    return _step_plan(t, found, rest, at.chosen, verb)


def _step_plan(t: Tongue, choice: Choice, rest: str, record: Record, verb: str) -> Plan:
    if choice.needs == "reason" and not rest:
        return Plan(t("command.reason", verb=verb))
    given = {"record": record["id"], **choice.given}
    if choice.needs == "reason":
        given["reason"] = rest
    says = t("command.step", verb=choice.label, title=words.title(record))
    return Plan(_will(t, f"{says}（{rest}）" if rest and choice.needs == "reason" else says), choice.name, given)


def _settle(t: Tongue, rest: str, at: Context) -> Plan:
    if at.chosen is None:
        return Plan(t("command.nothing_selected"))
    why = settle_why(t, at.chosen, at.me, at.name_of)
    if why:
        return Plan(why)
    found = next((s for s in sides(t, at.chosen, at.name_of, at.now_ms) if str(s.number) == rest), None)
    if found is None:
        return Plan(t("conflict.hint"))
    given = {"record": at.chosen["id"], "keep": rest}
    return Plan(_will(t, t("command.settle", n=rest, value=found.value)), "conflict.settle", given)


# Sending and ordering


def _send(t: Tongue, rest: str, at: Context) -> Plan:
    """派 RESOURCE [→ task or centre]."""
    who, *where = ARROW.split(rest, maxsplit=1)
    if not who:
        return Plan(t("command.which_resource"))
    own = [r for r in at.resources if r["centre"] == at.me.centre]
    found = _named(own, who, "name")
    if len(found) != 1:
        return Plan(_which(t, who, [str(r["name"]) for r in found], "command.no_resource"))
    task = _task_for(t, where[0] if where else "", at)
    if isinstance(task, Plan):
        return task
    choice = next(c for c in choices(t, found[0], at.me, at.name_of) if c.name == "resource.send")
    if not choice.on:
        return Plan(t("said.refused", what=words.title(found[0]), why=choice.why))
    says = t("command.send", resource=words.title(found[0]), to=at.name_of(str(task.get("to"))), task=words.title(task))
    return Plan(_will(t, says), "resource.send", {"record": found[0]["id"], "task": task["id"]})


def _task_for(t: Tongue, where: str, at: Context) -> Record | Plan:
    """The order meant: by its title, by the centre it is for, or the one chosen."""
    open_tasks = [x for x in at.tasks if x["stage"] in _OPEN_TASK]
    if not where:
        chosen = at.chosen or {}
        if chosen.get("kind") == "task":
            return chosen
        about = [x for x in open_tasks if x.get("incident") == chosen.get("id") and x.get("to") == at.me.centre]
        return about[0] if about else Plan(t("command.pick_task"))
    centres = _named(at.centres, where, "name") or _named(at.centres, where, "path")
    if len(centres) == 1:
        return _task_to(t, centres[0], open_tasks, at)
    titled = _named(open_tasks, where, "title")
    if len(titled) == 1:
        return titled[0]
    names = [str(c["name"]) for c in centres] or [words.title(x) for x in titled]
    return Plan(_which(t, where, names, "command.no_centre"))


def _task_to(t: Tongue, centre: Record, open_tasks: list[Record], at: Context) -> Record | Plan:
    """The newest open order to a centre, of the chosen incident when it has one."""
    rows = [x for x in open_tasks if x.get("to") == centre["path"]]
    chosen = at.chosen or {}
    about = chosen.get("id") if chosen.get("kind") == "incident" else chosen.get("incident")
    best = [x for x in rows if about and x.get("incident") == about] or rows
    return best[0] if best else Plan(t("command.which_task", to=centre["name"]))


def _order(t: Tongue, rest: str, at: Context) -> Plan:
    """令 CENTRE TITLE [+minutes]."""
    name, _, what = ARROW.sub(" ", rest).partition(" ")
    if not name:
        return Plan(t("command.which_centre"))
    if not at.me.roles:
        return Plan(t("why.nobody"))
    others = [c for c in at.centres if c["path"] in at.me.others]
    found = _named(others, name, "name") or _named(others, name, "path")
    if len(found) != 1:
        return Plan(_which(t, name, [str(c["name"]) for c in found], "command.no_centre"))
    due = DUE.search(what)
    title = DUE.sub("", what).strip()
    if not title:
        return Plan(t("command.what_title"))
    given: dict[str, Any] = {"title": title[: words.LINE_MAX], "to": found[0]["path"], **_about(at)}
    if due:
        given["due_at"] = due.group(1)
    key = "command.order_due" if due else "command.order"
    says = t(key, to=found[0]["name"], title=title, **({"due": due.group(1)} if due else {}))
    return Plan(_will(t, says), "task.add", given)


def _about(at: Context) -> dict[str, Any]:
    """The incident or the order above that a new order belongs to."""
    chosen = at.chosen or {}
    if chosen.get("kind") == "incident":
        return {"incident": chosen["id"]}
    return {"parent": chosen["id"]} if chosen.get("kind") == "task" else {}


def _log(t: Tongue, rest: str, at: Context) -> Plan:
    """记 TEXT."""
    if not rest:
        return Plan(t("command.what_text"))
    if not at.me.roles:
        return Plan(t("why.nobody"))
    chosen = at.chosen or {}
    if chosen.get("kind") == "incident":
        says = t("command.log_about", title=words.title(chosen), text=rest)
        return Plan(_will(t, says), "log.add", {"text": rest, "incident": chosen["id"]})
    return Plan(_will(t, t("command.log", text=rest)), "log.add", {"text": rest})


def _named(rows: Sequence[Record], name: str, field_name: str) -> list[Record]:
    """Rows called exactly so, else those that begin so, else those that contain it."""
    wanted = name.strip().lower()
    texts: list[tuple[str, Record]] = [(str(r.get(field_name) or "").lower(), r) for r in rows]
    tests: tuple[Callable[[str], bool], ...] = (
        lambda x: x == wanted,
        lambda x: x.startswith(wanted),
        lambda x: wanted in x,
    )
    for test in tests:
        found = [r for text, r in texts if test(text)]
        if found:
            return found
    return []


def _which(t: Tongue, name: str, names: list[str], missing: str) -> str:
    return t("command.many", name=name, names="、".join(names[:5])) if names else t(missing, name=name)
