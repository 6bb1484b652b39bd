"""Every action of the desk: one small function each, reachable by button, key and command line.

A function takes the desk and named arguments, all optional ones with a default, and returns
`{ops: [ids], record: the record as it is now}`. What may be done is decided by `offline/rules`, never here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console.desk import Desk
from offline.clock import CHINA, rfc3339
from offline.errors import BadInput, Refused
from offline.rules.table import steps_from
from offline.store import Draft, Ref
from offline.view import Record

Answer = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """One entry of the table: `record.verb`, its words in Chinese and English, and the function."""

    name: str
    zh: str
    en: str
    run: Callable[..., Answer]


ACTIONS: dict[str, Action] = {}


def action(name: str, zh: str, en: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Enter a function into the table."""

    def enter(run: Callable[..., Answer]) -> Callable[..., Answer]:
        ACTIONS[name] = Action(name, zh, en, run)
        return run

    return enter


def _simple(name: str, zh: str, en: str) -> None:
    """An action that is one command on one record, with a reason where the table asks for one."""

    def run(desk: Desk, record: str, reason: str | None = None) -> Answer:
        record_id = _of_kind(desk, record, name)
        data = {"reason": reason} if reason else {}
        return desk.answer(desk.commit(Draft(name, data, record_id)), record_id)

    action(name, zh, en)(run)


def _of_kind(desk: Desk, record: str, name: str) -> bytes:
    """The record's full id; BadInput when this action is for another kind of record."""
    found, kind = desk.view.get(record), name.partition(".")[0]
    if found["kind"] != kind:
        raise BadInput(f"{record} is of kind {found['kind']}, not {kind}.")
    return bytes.fromhex(found["id"])


for _name, _zh, _en in (
    ("incident.accept", "受理", "accept"),
    ("incident.verify", "核实", "verify"),
    ("incident.handle", "处置", "handling"),
    ("incident.check", "核查", "check"),
    ("incident.return", "退回", "return"),
    ("incident.void", "作废", "make void"),
    ("incident.reopen", "重新打开", "reopen"),
    ("task.accept", "签收", "accept"),
    ("task.start", "执行", "under way"),
    ("task.done", "完成", "done"),
    ("task.check", "核验销号", "check off"),
    ("task.decline", "退回", "decline"),
    ("task.withdraw", "撤销", "withdraw"),
    ("task.again", "重新下达", "order again"),
    ("resource.withdraw", "停用", "out of service"),
    ("resource.restore", "恢复", "back in service"),
    ("warning.dismiss", "不予采纳", "dismiss"),
    ("warning.lift", "解除", "lift"),
):
    _simple(_name, _zh, _en)


def _given(**fields: Any) -> dict[str, Any]:
    return {k: v for k, v in fields.items() if v not in (None, "")}


def now_text(desk: Desk) -> str:
    """The time now, as records carry it."""
    return rfc3339(desk.opened.store.wall())


# Incidents


@action("incident.close", "办结", "close")
def incident_close(desk: Desk, record: str, anyway: bool = False) -> Answer:
    """Close an incident; refused while its orders are open, unless it is meant."""
    record_id = _of_kind(desk, record, "incident.close")
    left = [t for t in desk.view.list("task", open_only=True, about=record_id.hex()) if t["stage"] != "declined"]
    if left and not anyway:
        raise Refused(
            f"{len(left)} of its orders are open, the first: {left[0]['title']}.",
            do="Check them off or withdraw them first (on the command line: --anyway).",
        )
    return desk.answer(desk.commit(Draft("incident.close", {}, record_id)), record_id)


@action("incident.add", "接报", "report an incident")
def incident_add(
    desk: Desk, title: str, type: str | None = None, grade: str | None = None, place: str | None = None,
    position: list[float] | None = None, words: str | None = None, occurred_at: str | None = None,
) -> Answer:  # fmt: skip
    """A new incident at this centre."""
    data = _given(title=title, type=type, place=place, position=position, words=words, occurred_at=occurred_at)
    drafts = [Draft("incident.report", data)]
    if grade:  # a grade is signed by the person, so it is an entry of its own
        drafts.append(Draft("incident.grade", {"grade": grade}, Ref(0)))
    change = desk.commit(*drafts)
    return desk.answer(change, desk.made(change, "incident"))


@action("incident.edit", "修改", "edit")
def incident_edit(desk: Desk, record: str, **fields: Any) -> Answer:
    """Write fields of an incident."""
    record_id = desk.view.id_of(record)
    return desk.answer(desk.commit(Draft("incident.edit", fields, record_id)), record_id)


@action("incident.grade", "定级", "grade")
def incident_grade(desk: Desk, record: str, grade: str) -> Answer:
    """Set the grade: I, II, III or IV."""
    record_id = desk.view.id_of(record)
    return desk.answer(desk.commit(Draft("incident.grade", {"grade": grade}, record_id)), record_id)


@action("incident.next", "下一阶段", "next stage")
def incident_next(desk: Desk, record: str) -> Answer:
    """The next stage of the straight way from report to closure."""
    found = desk.view.get(record)
    straight = [k for k in steps_from("incident", found["stage"]) if not k.needs and k.name != "incident.dispatch"]
    if not straight:
        raise Refused("Nothing follows from here by itself; choose the step.")
    return ACTIONS[straight[0].name].run(desk, record)


@action("incident.share", "共享", "share")
def incident_share(desk: Desk, record: str, to: list[str]) -> Answer:
    """Let other centres see an incident."""
    record_id = desk.view.id_of(record)
    return desk.answer(desk.commit(Draft("incident.share", {"to": to}, record_id)), record_id)


@action("incident.merge", "合并", "merge")
def incident_merge(desk: Desk, record: str, into: str) -> Answer:
    """Merge an incident into another."""
    record_id, other = desk.view.id_of(record), desk.view.id_of(into)
    return desk.answer(desk.commit(Draft("incident.merge", {"into": other.hex()}, record_id)), record_id)


@action("note.add", "备注", "note")
def note_add(desk: Desk, record: str, text: str) -> Answer:
    """Add a note to any record."""
    found = desk.view.get(record)
    change = desk.commit(Draft(f"{found['kind']}.note", {"text": text}, bytes.fromhex(found["id"])))
    return desk.answer(change, found["id"])


# Orders


@action("task.add", "下达指令", "give an order")
def task_add(
    desk: Desk, title: str, to: str, incident: str | None = None, text: str | None = None, due_at: str | None = None,
    parent: str | None = None,
) -> Answer:  # fmt: skip
    """Order a centre to do something; the incident goes with it, and is dispatched when its stage allows."""
    to = _centre_named(desk, to)
    if parent:
        parent = desk.view.get(parent)["id"]
        incident = incident or desk.view.get(parent).get("incident")
    about = desk.view.get(incident) if incident else None
    data = _given(title=title, to=to, text=text, due_at=_due(desk, due_at), parent=parent)
    if about:
        data["incident"] = about["id"]
        if about.get("position"):
            data["position"] = about["position"]
    drafts = [Draft("task.order", data), *_along(desk, about, to)]
    change = desk.commit(*drafts)
    return desk.answer(change, desk.made(change, "task"))


def _centre_named(desk: Desk, name: str) -> str:
    """The path of a centre given by its path or by what people call it."""
    centres = desk.view.centres()
    paths = [c["path"] for c in centres if name in (c["path"], c["name"])]
    if len(paths) != 1:
        raise BadInput(f"No centre {name} is known here.", do="Look it up with `fenghuo place list`.")
    return str(paths[0])


def _along(desk: Desk, about: Record | None, to: str) -> list[Draft]:
    """What an order does to its incident: let the target see it, and move it to *dispatched* when it may."""
    if about is None:
        return []
    record_id = bytes.fromhex(about["id"])
    drafts = [] if to in about["audience"] else [Draft("incident.share", {"to": [to]}, record_id)]
    own = about["centre"] == desk.centre
    if own and any(k.name == "incident.dispatch" for k in steps_from("incident", about["stage"])):
        drafts.append(Draft("incident.dispatch", {}, record_id))
    return drafts


def _due(desk: Desk, text: str | None) -> str | None:
    """`+30` means in thirty minutes; anything else is a time with zone."""
    if text and text.startswith("+"):
        try:
            return rfc3339(desk.opened.store.wall() + int(text[1:]) * 60_000)
        except ValueError:
            raise BadInput(f"“{text}” is no number of minutes.") from None
    return text


# Resources


@action("resource.add", "登记力量", "register a resource")
def resource_add(
    desk: Desk, name: str, type: str, position: list[float] | None = None, phone: str | None = None,
    quantity: int | None = None, unit: str | None = None, plate: str | None = None,
) -> Answer:  # fmt: skip
    """A new resource in this centre's custody."""
    data = _given(name=name, type=type, position=position, phone=phone, quantity=quantity, unit=unit, plate=plate)
    change = desk.commit(Draft("resource.register", data))
    return desk.answer(change, desk.made(change, "resource"))


@action("resource.edit", "修改", "edit")
def resource_edit(desk: Desk, record: str, **fields: Any) -> Answer:
    """Write fields of a resource."""
    record_id = desk.view.id_of(record)
    return desk.answer(desk.commit(Draft("resource.edit", fields, record_id)), record_id)


@action("resource.send", "派遣", "dispatch")
def resource_send(desk: Desk, record: str, task: str) -> Answer:
    """Ask the keeper of this centre to commit a resource to a task; shown as *asked* until it answers."""
    record_id, order = _of_kind(desk, record, "resource.ask"), desk.view.get(task)
    found = desk.view.get(record)
    if found["stage"] == "committed":
        raise Refused(
            "It is already committed" + (" to this order." if found["task"] == order["id"] else " to another order."),
            do="Release it there first, or send another.",
        )
    drafts = [Draft("resource.ask", {"want": "commit", "task": order["id"]}, record_id)]
    unseen = sorted({str(order["to"]), str(order["centre"])} - set(found["audience"]))
    if unseen:  # who gave the order and who carries it out see what comes
        drafts.append(Draft("resource.share", {"to": unseen}, record_id))
    return desk.answer(desk.commit(*drafts), record_id)


@action("resource.release", "归建", "release")
def resource_release(desk: Desk, record: str) -> Answer:
    """Ask the keeper to release a committed resource."""
    record_id = desk.view.id_of(record)
    return desk.answer(desk.commit(Draft("resource.ask", {"want": "release"}, record_id)), record_id)


# Calls and the journal


@action("log.add", "记一笔", "write the journal")
def log_add(desk: Desk, text: str, incident: str | None = None, at: str | None = None) -> Answer:
    """A line of the journal, with the incident it is about."""
    about = desk.view.get(incident)["id"] if incident else None
    change = desk.commit(Draft("logentry.write", _given(text=text, at=at or now_text(desk), incident=about)))
    return desk.answer(change, desk.made(change, "logentry"))


@action("call.add", "接报记录", "take a call")
def call_add(
    desk: Desk, words: str, caller: str | None = None, phone: str | None = None, place: str | None = None,
    position: list[float] | None = None, received_at: str | None = None,
) -> Answer:  # fmt: skip
    """What a caller said."""
    taken = received_at or now_text(desk)
    data = _given(words=words, caller=caller, phone=phone, place=place, position=position, received_at=taken)
    change = desk.commit(Draft("call.take", data))
    return desk.answer(change, desk.made(change, "call"))


@action("call.incident", "转为事件", "make it an incident")
def call_incident(desk: Desk, record: str, title: str, type: str | None = None, place: str | None = None) -> Answer:
    """A new incident out of a call."""
    call = desk.view.get(record)
    data = _given(title=title, type=type, place=place or call.get("place"), position=call.get("position"),
                  words=call.get("words"), source=call["id"])  # fmt: skip
    change = desk.commit(
        Draft("incident.report", data), Draft("call.link", {"incident": Ref(0)}, bytes.fromhex(call["id"]))
    )
    return desk.answer(change, desk.made(change, "incident"))


# Warnings


@action("warning.act", "发布预警", "put in force")
def warning_act(desk: Desk, record: str) -> Answer:
    """Act on an alert as a warning: in force here, passed down to the centres below, replacing what it updates."""
    found = desk.view.get(record)
    if found.get("msg_type") == "Cancel":
        return _carry_out_cancel(desk, found)
    drafts = [Draft("warning.act", {}, bytes.fromhex(found["id"]))]
    below = desk.view.below(all_levels=True)
    if below:
        drafts.append(Draft("warning.share", {"to": below}, bytes.fromhex(found["id"])))
    drafts += [
        Draft("warning.lift", {"reason": "replaced", "by": found["id"]}, bytes.fromhex(old["id"]))
        for old in _older(desk, found)
    ]
    return desk.answer(desk.commit(*drafts), found["id"])


def _older(desk: Desk, alert: Record) -> list[Record]:
    """Warnings in force here that this alert names in its references."""
    names = {r.get("identifier") for r in (alert.get("alert") or {}).get("references", [])}
    return [
        w for w in desk.view.warnings_in_force()
        if w.get("identifier") in names and w["id"] != alert["id"] and w["centre"] == desk.centre
    ]  # fmt: skip


def _carry_out_cancel(desk: Desk, found: Record) -> Answer:
    drafts = [
        Draft("warning.lift", {"reason": "cancelled by its issuer", "by": found["id"]}, bytes.fromhex(old["id"]))
        for old in _older(desk, found)
    ]
    drafts.append(Draft("warning.dismiss", {"reason": "a cancellation, carried out"}, bytes.fromhex(found["id"])))
    return desk.answer(desk.commit(*drafts), found["id"])


@action("warning.incident", "转为事件", "make it an incident")
def warning_incident(desk: Desk, record: str, title: str | None = None, place: str | None = None) -> Answer:
    """A new incident out of an alert; the warning stays in force beside it and is passed down."""
    found = desk.view.get(record)
    codes = [c["value"] for i in (found.get("alert") or {}).get("infos", [])[:1] for c in i.get("event_codes", [])]
    data = _given(
        title=title or found.get("headline") or found.get("event"), type=codes[0] if codes else None,
        place=place or _place_of(found), position=found.get("position"), source=found["id"],
    )  # fmt: skip
    data["title"] = (_unreal(found) + str(data.get("title", "")))[:300]
    record_id = bytes.fromhex(found["id"])
    drafts = [Draft("incident.report", data), Draft("warning.raise", {"incident": Ref(0)}, record_id)]
    below = desk.view.below(all_levels=True)
    if below:
        drafts.append(Draft("warning.share", {"to": below}, record_id))
    change = desk.commit(*drafts)
    return desk.answer(change, desk.made(change, "incident"))


UNREAL = {"Exercise": "【演练】", "Test": "【测试】", "System": "【系统】", "Draft": "【草稿】"}


def _unreal(warning: Record) -> str:
    """What stands before the title of anything made from an alert that is not real, unless it says so already."""
    mark = UNREAL.get(str(warning.get("status")), "")
    return "" if mark.strip("【】") in str(warning.get("headline") or "") else mark


def _place_of(warning: Record) -> str | None:
    areas = [a for i in (warning.get("alert") or {}).get("infos", [])[:1] for a in i.get("areas", [])]
    return str(areas[0].get("desc") or "")[:300] if areas else None


def propose(desk: Desk, alert: dict[str, Any]) -> str | None:
    """Keep an alert as a proposal; its id, or None when this very alert is here already.

    Raises BadInput when the alert is too long to be kept.
    """
    if desk.view.find_alert(alert["identifier"], alert["sender"], alert["sent"]):
        return None
    summary = desk.view.find_partial(str(alert["index_entry"])) if alert.get("index_entry") else None
    if summary:  # a feed's own summary came first because the document could not be had; the whole takes its place
        desk.commit(Draft("warning.edit", alert_fields(alert), bytes.fromhex(summary)))
        return summary
    change = desk.commit(Draft("warning.propose", alert_fields(alert)))
    return desk.made(change, "warning").hex()


def alert_fields(alert: dict[str, Any]) -> dict[str, Any]:
    """The fields of a warning record for an alert."""
    infos = alert.get("infos") or [{}]
    info = next((i for i in infos if str(i.get("language", "")).lower().startswith("zh")), infos[0])
    return _given(
        alert=alert, identifier=alert["identifier"][:300], sender=str(alert["sender"])[:300], sent=alert.get("sent"),
        status=alert["status"], msg_type=alert.get("msg_type"), event=info.get("event"), colour=info.get("colour"),
        severity=info.get("severity"), headline=info.get("headline"), onset=info.get("onset"),
        expires=info.get("expires"), position=_middle(info),
    )  # fmt: skip


def _middle(info: dict[str, Any]) -> list[float] | None:
    """A point for the alert: the middle of its first area's first ring or circle."""
    for area in info.get("areas", []):
        for ring in area.get("polygons", []):
            lons, lats = [p[0] for p in ring], [p[1] for p in ring]
            return [round((min(lons) + max(lons)) / 2, 6), round((min(lats) + max(lats)) / 2, 6)]
        for lon, lat, _ in area.get("circles", []):
            return [lon, lat]
    return None


# Conflicts


@action("conflict.settle", "裁定", "settle")
def conflict_settle(desk: Desk, record: str, keep: str) -> Answer:
    """End a record's open conflict by keeping one side, named by its op id or its number (1, 2, …)."""
    found = desk.view.get(record)
    if not found["conflicts"]:
        raise Refused("There is no open conflict on this record.")
    conflict = found["conflicts"][0]
    side = _side(conflict, keep)
    record_id = bytes.fromhex(found["id"])
    if conflict["what"] == "stage":
        data = {"ends": [s["op"] for s in conflict["sides"]], "keep": side["op"]}
        return desk.answer(desk.commit(Draft(f"{found['kind']}.settle", data, record_id)), record_id)
    verb = "grade" if conflict["what"] == "grade" else "edit"  # a grade is a heavy entry of its own
    edit = Draft(f"{found['kind']}.{verb}", {conflict["what"]: side["value"]}, record_id)
    return desk.answer(desk.commit(edit), record_id)


def _side(conflict: dict[str, Any], keep: str) -> dict[str, Any]:
    sides: list[dict[str, Any]] = conflict["sides"]
    if keep.isdigit() and 1 <= int(keep) <= len(sides):
        return sides[int(keep) - 1]
    for side in sides:
        if len(keep) >= 6 and side["op"].startswith(keep):
            return side
    raise BadInput(f"The conflict has sides 1 to {len(sides)}; “{keep}” is none of them.")


def local_time(text: str) -> str:
    """`07-12 06:00` of an RFC 3339 time, in China's zone; the text itself when it is none."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(CHINA).strftime("%m-%d %H:%M")
    except ValueError:
        return text
