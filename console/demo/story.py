"""The plot: a rainstorm alert, an order down two levels, a town cut off that goes on working, and the links healed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from comms.control import NotRunning
from console.demo.cast import PLACES, RESOURCES
from console.demo.play import Play, StepFailed
from offline.errors import FenghuoError

CITY, COUNTY, TOWN = (p.path for p in PLACES)
TITLE = "高沟镇圩堤险情和低洼区内涝"
TO_COUNTY = "组织高沟镇方向抢险和转移准备"
TO_TOWN = "转移圩堤南侧低洼住户，报人数"
ALONE = "链路中断，按预案先期处置，已转移 31 人"
TRAFFIC = 20  # journal lines written through the county while its hub is killed


def _one(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any] | None:
    for row in rows:
        if all(row.get(k) == v for k, v in wanted.items()):
            return row
    return None


def _has(play: Play, who: str, kind: str, **wanted: Any) -> Callable[[], dict[str, Any] | None]:
    return lambda: _one(play.ask(who, kind, "list", "--limit", "500"), **wanted)


def feed(play: Play) -> str:
    """Resources stand ready; the feed brings an alert to the city's desk."""
    for place in PLACES:
        for row in RESOURCES[place.key]:
            words = [w for k, v in row.items() for w in (f"--{k}", str(v))]
            play.act(place.key, _has(play, place.key, "resource", name=row["name"]), "resource", "add", *words)
    if play.options.feed is None:
        play.feed.issue("1_rain_orange")
        play.feed.issue("4_exercise_chemical")
    found = play.wait("an alert from the feed", lambda: play.ask("city", "warning", "list", "--stage", "proposed"))
    return f"{len(found)} alerts read, {len(play.feed.requests)} requests to our feed"


def propose(play: Play) -> str:
    """The alert stands as a proposal in the inbox and as an area on the map; an exercise is marked as one."""
    rows = play.wait("a proposal", lambda: play.ask("city", "warning", "list", "--stage", "proposed"))
    real = [r for r in rows if r["status"] == "Actual"] or rows
    alert = max(real, key=lambda r: bool(r.get("position")))
    play.facts["warning"] = alert["id"]
    state = play.wait("the alert in the inbox", lambda: _in_inbox(play, alert["id"]))
    play.act("city", lambda: play.state("city").get("selected") == alert["id"], "window", "select", alert["id"])
    if alert.get("position"):
        play.ask("city", "window", "fit")
        play.wait("the alert on the map", lambda: alert["id"] in (play.state("city").get("shown") or []))
    play.shot("propose", "city")
    marked = sum(1 for r in rows if r["status"] != "Actual")
    what = alert.get("headline") or alert.get("event")
    return f"{what}; {len(state['inbox'])} in the inbox, {marked} marked as not real"


def _in_inbox(play: Play, record: str) -> dict[str, Any] | None:
    state = play.state("city")
    return state if record in [i["record"] for i in state["inbox"]] else None


def accept_verify(play: Play) -> str:
    """The duty officer makes it an incident, accepts and verifies it, by the window's own buttons."""
    warning = play.facts["warning"]
    made = play.act("city", _has(play, "city", "incident", source=warning), "window", "press", "warning.incident")
    incident = made["id"]
    play.facts["incident"] = incident
    play.act("city", _has(play, "city", "incident", id=incident, title=TITLE), "incident", "edit", incident,
             "--title", TITLE, "--place", "涟水县高沟镇圩堤", "--position", "119.190,33.982")  # fmt: skip
    play.act("city", lambda: play.state("city").get("selected") == incident, "window", "select", incident)
    play.act("city", _stage(play, "city", incident, "accepted"), "window", "press", "incident.accept")
    play.act("city", _stage(play, "city", incident, "verified"), "window", "press", "incident.verify")
    play.act(
        "city",
        lambda: _one(play.ask("city", "incident", "list"), id=incident, grade="III"),
        "incident",
        "grade",
        incident,
        "III",
    )
    return "reported, accepted, verified, graded III"


def _stage(play: Play, who: str, record: str, *stages: str, kind: str = "incident") -> Callable[[], Any]:
    def look() -> dict[str, Any] | None:
        row = _one(play.ask(who, kind, "list", "--limit", "500"), id=record)
        if row and row["stage"] in stages:
            play.note([s["op"] for s in row["steps"]])  # what a desk shows, it has stored
            return row
        return None

    return look


def dispatch_city_county(play: Play) -> str:
    """The city orders the county; three ticks fill in."""
    order = ["task", "add", "--title", TO_COUNTY, "--to", COUNTY, "--incident", play.facts["incident"], "--due", "+60"]
    task = play.act("city", _has(play, "city", "task", title=TO_COUNTY), *order)["id"]
    play.facts["task_county"] = task
    arrived = play.wait("the order at the county", _has(play, "county", "task", id=task))
    play.wait("the delivered tick", lambda: _ticks(play, "city", task)["delivered"])
    play.act("county", lambda: play.state("county").get("selected") == task, "window", "select", task)
    play.act(
        "county", _stage(play, "county", task, "accepted", "under_way", kind="task"), "window", "press", "task.accept"
    )
    by = play.wait("the accepted tick", lambda: _ticks(play, "city", task)["accepted"])
    play.shot("dispatch_city_county", "city", "county")
    return f"“{arrived['title']}” delivered and accepted by {by['by']}"


def _ticks(play: Play, who: str, task: str) -> dict[str, Any]:
    row = _one(play.ask(who, "task", "list", "--limit", "500"), id=task)
    return dict(row["ticks"]) if row else {"delivered": None, "accepted": None}


def dispatch_county_town(play: Play) -> str:
    """The county orders the town and sends its own team; the town has the order but nobody has accepted it yet."""
    parent = play.facts["task_county"]
    task = play.act(
        "county", _has(play, "county", "task", title=TO_TOWN), "task", "add", "--title", TO_TOWN, "--to", TOWN,
        "--parent", parent, "--due", "+30",
    )["id"]  # fmt: skip
    play.facts["task_town"] = task
    play.wait("the order at the town", _has(play, "town", "task", id=task))
    play.wait("the delivered tick", lambda: _ticks(play, "county", task)["delivered"])
    team = RESOURCES["county"][0]["name"]
    _send(play, "county", team, parent)
    play.act("town", lambda: play.state("town").get("selected") == task, "window", "select", task)
    play.shot("dispatch_county_town", "county", "town")
    return f"delivered to the town; {team} committed by the county's keeper"


def _send(play: Play, who: str, name: str, task: str) -> None:
    resource = play.wait(name, _has(play, who, "resource", name=name))

    def asked() -> bool:
        row = _one(play.ask(who, "resource", "list"), id=resource["id"])
        return row is not None and row["stage"] in ("asked", "committed")

    play.act(who, asked, "resource", "send", resource["id"], "--task", task)
    play.wait("the keeper's commit", _stage(play, who, resource["id"], "committed", kind="resource"))


def cut(play: Play) -> str:
    """The town's network goes dead: nothing closes, nothing answers. Its window says since when it is alone."""
    started = time.monotonic()
    play.cast.networks.cut("town")
    alone = _alone_since(play)
    play.wait("the county to notice", lambda: not _town_is_live(play))
    play.wait("the county's window to notice", lambda: "0/1" in play.state("county")["strip"]["links"])
    play.shot("cut", "county", "town")
    return f"noticed after {time.monotonic() - started:.1f} s; the town's window: {alone}"


def _alone_since(play: Play) -> str:
    """Since when the town's window says that it is alone, as the strip words it."""
    state = play.wait("the town to notice", lambda: (s := play.state("town")).get("alone_since") and s)
    return f"{state['strip']['alone']}, {state['strip']['unsent']}"


def _town_is_live(play: Play) -> bool:
    (row,) = play.ask_program(play.cast.hubs["county"], "sync", "status")
    return any(x["centre"] == TOWN and x["state"] == "live" for x in row["links"])


def work_offline(play: Play) -> str:
    """Alone, the town accepts, commits its own team, writes the journal; above, work goes on too."""
    task, incident = play.facts["task_town"], play.facts["incident"]
    play.act("town", _stage(play, "town", task, "accepted", "under_way", kind="task"), "window", "press", "task.accept")
    play.act("town", _stage(play, "town", task, "under_way", kind="task"), "window", "press", "task.start")
    _send(play, "town", RESOURCES["town"][0]["name"], task)
    play.act("town", _has(play, "town", "log", text=ALONE), "log", "add", ALONE, "--incident", incident)
    above = "高沟镇失联，已派通信车前往"
    play.act("county", _has(play, "county", "log", text=above), "log", "add", above, "--incident", incident)
    play.act("county", _has(play, "county", "incident", id=incident, stage="dispatched"), "sync", "status")
    if _one(play.ask("county", "log", "list"), text=ALONE) or _ticks(play, "county", task)["accepted"]:
        raise StepFailed("the county knows what it cannot know: the network was not cut")
    since = _alone_since(play)
    play.shot("work_offline", "county", "town")
    play.facts["healed_with"] = sorted(play.acked)
    return f"accepted, under way, team committed, journal written; {since}"


def heal(play: Play) -> str:
    """The line is back; what waited goes both ways."""
    started = time.monotonic()
    play.cast.networks.heal("town")
    play.wait("agreement", lambda: _agree(play))
    play.facts["heal_s"] = round(time.monotonic() - started, 2)
    play.wait("the town to be linked again", lambda: not play.state("town").get("alone_since"))
    return f"all agree {play.facts['heal_s']} s after the line came back"


def _agree(play: Play) -> bool:
    digests = {play.digest(program) for program in play.cast.programs()}
    return len(digests) == 1 and not _missing(play)


def agree(play: Play) -> str:
    """Six nodes hold the same picture of what the town may see, and nothing of the town's work is missing anywhere."""
    digests = {program.key: play.digest(program) for program in play.cast.programs()}
    if len(set(digests.values())) != 1:
        raise StepFailed(f"digests differ: {digests}")
    for who in ("city", "county"):
        if not _one(play.ask(who, "log", "list"), text=ALONE):
            raise StepFailed(f"the town's journal is missing at the {who}")
        if not _ticks(play, who, play.facts["task_town"])["accepted"]:
            raise StepFailed(f"the town's receipt is missing at the {who}")
    check_ledger(play)
    play.shot("agree")
    same = next(iter(digests.values()))[:16]
    return f"digest {same} on {len(digests)} nodes, {len(play.acked)} acknowledged ops everywhere"


def _missing(play: Play) -> dict[str, list[str]]:
    """Acknowledged ops that some node does not hold."""
    missing = {}
    for program in play.cast.programs():
        (row,) = play.ask_program(program, "store", "lacks", "--ops-file", str(play.ledger))
        if row["lacks"]:
            missing[program.key] = row["lacks"]
    return missing


def check_ledger(play: Play) -> None:
    """Every acknowledged op is on every node, sooner or later; StepFailed names what is not."""
    try:
        play.wait("every acknowledged op on every node", lambda: not _missing(play))
    except StepFailed:
        missing = _missing(play)
        play.facts["lost"] = sorted({o for ops in missing.values() for o in ops})
        raise StepFailed(f"acknowledged ops are missing: { {k: len(v) for k, v in missing.items()} }") from None


def hub_kill(play: Play) -> str:
    """`kill -9` of the county's hub in mid-traffic; it comes back and nothing acknowledged is lost."""
    written: list[str] = []
    trouble: list[BaseException] = []

    def traffic() -> None:
        try:
            for n in range(TRAFFIC):
                text = f"水位报告 {n + 1}/{TRAFFIC}"
                play.act("county", _has(play, "county", "log", text=text), "log", "add", text)
                written.append(text)
        except (FenghuoError, TimeoutError) as error:
            trouble.append(error)

    worker = threading.Thread(target=traffic, name="traffic")
    worker.start()
    play.wait("traffic", lambda: len(written) >= TRAFFIC // 4 or trouble)
    with contextlib.suppress(NotRunning):
        play.cast.hubs["county"].restart()
    worker.join()
    if trouble:
        raise StepFailed(f"traffic stopped: {trouble[0]}")
    play.wait(
        "the last line at the city", lambda: _one(play.ask("city", "log", "list"), text=f"水位报告 {TRAFFIC}/{TRAFFIC}")
    )
    play.wait("agreement", lambda: _agree(play))
    check_ledger(play)
    return (
        f"{TRAFFIC} lines written while the hub was killed and restarted; all {len(play.acked)} acknowledged ops held"
    )


def map_step(play: Play) -> str:
    """Each page shows what its store holds, asked of the page itself."""
    drawn = {}
    for place in PLACES:
        play.wait(f"the map of the {place.key}", partial(_map_is_whole, play, place.key))
        shown, held = play.map_ids(place.key)
        drawn[place.key] = len(set(shown) & set(held))
    play.shot("map")
    for who in play.cast.desks:
        play.state(who)
    if sum(play.blocked.values()):
        raise StepFailed(f"pages tried to reach outside: {play.blocked}")
    return ", ".join(f"{k} draws all {n} of its records" for k, n in drawn.items())


def _map_is_whole(play: Play, who: str) -> bool:
    play.ask(who, "window", "fit")
    shown, held = play.map_ids(who)
    return bool(held) and set(held) <= set(shown)


Step = tuple[tuple[str, str], Callable[[Play], str]]
STEPS: dict[str, Step] = {
    "feed": (("预警从信息源到来", "an alert arrives from a feed"), feed),
    "propose": (("预警成为待办和地图上的范围", "it stands as a proposal, and on the map"), propose),
    "accept_verify": (("转为事件，受理、核实", "made an incident, accepted, verified"), accept_verify),
    "dispatch_city_county": (("市向县下达指令", "the city orders the county"), dispatch_city_county),
    "dispatch_county_town": (("县向镇下达指令", "the county orders the town"), dispatch_county_town),
    "cut": (("镇的网络中断", "the town's network is cut"), cut),
    "work_offline": (("镇单机工作", "the town goes on working"), work_offline),
    "heal": (("链路恢复", "the link heals"), heal),
    "agree": (("三个中心一致", "all three centres agree"), agree),
    "hub_kill": (("强杀县中心枢纽再启动", "the county's hub is killed in mid-traffic"), hub_kill),
    "map": (("地图与本机数据一致", "each map shows what its store holds"), map_step),
}
