"""What panels read: the shapes that everybody relies on, the inbox, search, boxes, receipts."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline import beats, search
from offline.clock import parse_ms, rfc3339
from offline.errors import BadInput, Malformed, NotFound
from offline.profile import Opened
from offline.store import Draft, Ref
from offline.trust import Key
from tests.helpers.world import World, see

AT = "2026-07-12T06:00:00+08:00"
COMMON = {"id", "kind", "centre", "stage", "stamp", "by", "as_of", "conflicts"}
ALERT = {
    "identifier": "w1", "sender": "s", "status": "Actual", "headline": "暴雨红色预警", "colour": "red",
    "alert": {"infos": []},
}  # fmt: skip
INCIDENT = {
    "title": "t", "type": "11B03", "position": [119.2, 34.0], "occurred_at": AT, "words": "w",
    "place": "高沟", "lead": "a",
}  # fmt: skip


def first(node: Opened, kind: str) -> dict[str, Any]:
    view = node.view()
    return view.list(kind)[0]


@pytest.mark.parametrize(
    ("kind", "draft", "data", "stage"),
    [
        ("incident", "incident.report", INCIDENT, "reported"),
        ("warning", "warning.propose", {**ALERT, "sent": AT, "onset": AT, "expires": AT}, "proposed"),
        ("task", "task.order", {"title": "t", "text": "x", "to": "a", "due_at": AT}, "ordered"),
        ("resource", "resource.register", {"name": "n", "type": "team", "quantity": 3, "unit": "人"}, "available"),
        ("call", "call.take", {"received_at": AT, "caller": "c", "phone": "1", "words": "w"}, "taken"),
        ("logentry", "logentry.write", {"text": "t", "at": AT}, "written"),
    ],
)  # fmt: skip
def test_each_kind_has_the_shape_that_everybody_relies_on(
    world: World, kind: str, draft: str, data: dict[str, Any], stage: str
) -> None:
    city = world.centre("a", name="张伟")
    record = world.do(city, draft, **data)
    found = see(city, record)
    assert set(found) >= COMMON | set(data)
    assert {k: found[k] for k in data} == data
    assert (found["id"], found["kind"], found["centre"], found["stage"], found["by"]) == (
        record.hex(), kind, "a", stage, "张伟"
    )  # fmt: skip
    assert found["conflicts"] == [] and found["as_of"] is None
    assert parse_ms(found["stamp"]) == world.now_ms and found["stamp"].endswith("+08:00")
    assert json.loads(json.dumps(found)) == found
    assert first(city, kind)["id"] == record.hex()
    city.store.make_beat()
    assert see(city, record)["as_of"] == rfc3339(world.now_ms)


def test_ids_by_their_beginning(world: World) -> None:
    city = world.centre("a")
    record = world.report(city, "t").hex()
    view = city.view()
    for name in (record, record[:6], record[:9].upper(), f" {record[:12]} "):
        assert view.get(name)["id"] == record and view.id_of(name).hex() == record
    for name, error in (
        (record[:5], BadInput),
        ("", BadInput),
        ("zz" * 4, BadInput),
        (record + "0", BadInput),
        ("000000", NotFound),
    ):
        with pytest.raises(error):
            view.get(name)
    other = bytes.fromhex(record[:62] + ("00" if record[62:] != "00" else "01"))
    city.store._con.execute(
        "INSERT INTO records(id,kind,home,stage,ended,first_ms,stamp_ms,conflicts,state)"
        " SELECT ?,kind,home,stage,ended,first_ms,stamp_ms,conflicts,state FROM records WHERE id=?",
        (other, bytes.fromhex(record)),
    )
    with pytest.raises(BadInput, match="More than one"):
        view.get(record[:10])


def test_lists_are_newest_first_and_bounded_and_filtered(world: World) -> None:
    city = world.centre("a")
    ids = [world.report(city, f"t{n}").hex() for n in range(5)]
    world.do(city, "incident.void", bytes.fromhex(ids[0]), reason="r")
    task = world.do(city, "task.order", title="t", to="a", incident=ids[1])
    view = city.view()
    assert [r["id"] for r in view.list("incident")] == ids[::-1]
    assert [r["id"] for r in view.list("incident", limit=2)] == ids[:2:-1]
    assert [r["id"] for r in view.list("incident", open_only=True)] == ids[:0:-1]
    assert [r["id"] for r in view.list("incident", stage="void")] == [ids[0]]
    assert [r["id"] for r in view.list("task", about=ids[1])] == [task.hex()] and not view.list("task", about=ids[2])
    assert view.counts() == {"incident": {"reported": 4, "void": 1}, "task": {"ordered": 1}}
    assert [r["id"] for r in view.changed([bytes.fromhex(ids[2]), bytes(32)])] == [ids[2]]


# Search and place


def test_two_characters_find_what_is_written_newest_first(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    texts = ["高沟堤防渗漏", "堤坝防汛", "堤防加固 110 报警", "ＡＢＣ１２３", "岔庙镇"]
    ids = [world.report(city, t).hex() for t in texts]
    world.settle()
    for node in (city, hub):
        view = node.view()
        assert [r["id"] for r in view.search("堤防")] == [ids[2], ids[0]]
        assert [r["title"] for r in view.search("高沟堤防")] == ["高沟堤防渗漏"]
        assert [r["title"] for r in view.search("岔")] == ["岔庙镇"] and view.search("镇")
        assert [r["title"] for r in view.search("abc123")] == ["ＡＢＣ１２３"]
        assert [r["id"] for r in view.search("堤防 110")] == [ids[2]]
        assert view.search("堤汛") == view.search("") == view.search('"*(') == []
        assert view.search("堤防", kind="task") == [] and len(view.search("堤防", limit=1)) == 1
    world.do(city, "incident.edit", bytes.fromhex(ids[0]), title="决口")
    assert [r["id"] for r in city.view().search("堤防")] == [ids[2]] and city.view().search("决口")


def test_the_newest_come_first_whatever_order_they_arrived_in(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    for _ in range(6):
        world.now_ms += random.Random(world.now_ms).choice([-(10**7), 10**7])
        world.report(city, "堤防")
    world.settle()
    for node in (city, hub):
        node.store.rebuild()
        found = [r["at_first"] for r in node.view().search("堤防")]
        assert found == sorted(found, reverse=True) and len(found) == 6


@given(st.text(max_size=60), st.data())
def test_every_piece_of_a_chinese_text_is_found_in_it(text: str, data: Any) -> None:
    indexed = " ".join(search.terms(text)).split()
    runs = [r for r in search._RUN.findall(search._plain(text)) if not r[0].isascii() and len(r) >= 2]
    for run in runs:
        start = data.draw(st.integers(0, len(run) - 2))
        piece = run[start : start + data.draw(st.integers(2, len(run) - start))]
        words = search.query(piece).strip('"').split()
        places = [n for n, w in enumerate(indexed) if w == words[0]]
        assert any(indexed[n : n + len(words)] == words for n in places)


@given(st.text(max_size=300))
def test_any_text_is_a_query_or_none(text: str) -> None:
    assert all(part[0] == '"' for part in search.query(text).replace('"*', '"').split('" ') if part)


def test_boxes_hold_what_lies_in_them(world: World) -> None:
    city = world.centre("a")
    inside = world.report(city, "in", position=[119.2, 34.0])
    world.report(city, "out", position=[121.0, 34.0])
    world.report(city, "nowhere")
    view = city.view()
    assert [r["id"] for r in view.bbox(119, 33, 120, 35)] == [inside.hex()]
    assert len(view.bbox(-180, -90, 180, 90)) == 2
    world.do(city, "incident.edit", inside, position=[100.0, 20.0])
    assert view.bbox(119, 33, 120, 35) == [] and view.bbox(99, 19, 101, 21)
    world.do(city, "incident.edit", inside, position=None)
    assert view.bbox(99, 19, 101, 21) == []


# Receipts


def test_delivered_is_the_targets_own_signed_word_and_nobody_elses(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    county, other = world.centre("a/x"), world.centre("a/y")
    order = world.do(city, "task.order", title="派队", to="a/x", due_at=rfc3339(world.now_ms))
    waiting = see(city, order)
    assert waiting["ticks"] == {"stored": True, "delivered": None, "accepted": None}
    assert waiting["waiting"] == {"since": waiting["at_first"], "why": "not delivered"}
    world.settle()

    def beat(node: Opened, key: Key | None = None, **change: Any) -> bytes:
        world.tick()
        wire = beats.write(
            key or node.store.node, change.get("realm", node.store.realm), change.get("centre", node.centre),
            (world.now_ms, 0), node.store.heads(), [order],
        )  # fmt: skip
        if "claims" in change:
            core = msgspec.msgpack.decode(msgspec.msgpack.decode(wire)[0])
            core[2] = change["claims"]
            raw = msgspec.msgpack.encode(core)
            wire = msgspec.msgpack.encode([raw, (key or node.store.node).sign(b"fenghuo beat\x00" + raw)])
        return wire

    stranger = Key.from_seed(b"s" * 32)
    for forged in (
        beat(hub), beat(other), beat(other, centre="a/x"), beat(county, stranger), beat(county, realm=bytes(32)),
        beat(other, claims=county.store.node.id, centre="a/x"), beat(hub, centre="a/x"),
    ):  # fmt: skip
        city.store.take_beat(forged)
        assert see(city, order)["ticks"]["delivered"] is None
    world.tick()
    word = county.store.make_beat()
    assert city.store.take_beat(word) and not city.store.take_beat(word), "old news is no news"
    delivered = see(city, order)["ticks"]["delivered"]
    assert delivered == {"at": rfc3339(world.now_ms), "node": county.store.node.id.hex(), "centre": "a/x"}
    assert see(city, order)["waiting"]["why"] == "not accepted"
    assert city.view().as_of("a/y") is not None and city.view().as_of("a/x") == rfc3339(world.now_ms)
    world.do(county, "task.accept", order)
    world.settle()
    found = see(city, order)
    assert found["ticks"]["accepted"]["by"] == "officer-a/x" and found["waiting"] is None


def test_a_decline_is_no_acceptance_and_ordering_again_starts_anew(world: World) -> None:
    city, county = world.centre("a"), world.centre("a/x")
    order = world.do(city, "task.order", title="t", to="a/x")
    world.settle()
    county.store.make_beat()
    world.beat()
    world.do(county, "task.decline", order, reason="no men")
    world.settle()
    ticks = see(city, order)["ticks"]
    assert ticks["accepted"] is None and ticks["delivered"] and see(city, order)["stage"] == "declined"
    world.do(city, "task.again", order, reason="now")
    found = see(city, order)
    assert found["stage"] == "ordered" and found["ticks"]["delivered"] is None
    assert found["waiting"]["why"] == "not delivered"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_beat_or_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        beats.read(data)


def test_a_beat_out_of_all_time_is_malformed(world: World) -> None:
    city = world.centre("a")
    for stamp in ((2**63, 0), (-1, 0)):
        wire = beats.write(city.store.node, city.store.realm, "a", stamp, {}, [])
        with pytest.raises(Malformed):
            city.store.take_beat(wire)


# The desk


def test_the_inbox_names_what_waits_and_the_worst_is_first(world: World) -> None:
    city, county = world.centre("a"), world.centre("a/x")
    late = world.do(city, "task.order", title="late", to="a/x", due_at=rfc3339(world.now_ms + 1000))
    soon = world.do(city, "task.order", title="soon", to="a/x", due_at=rfc3339(world.now_ms + 10**8))
    world.report(county, "to verify")
    world.do(county, "warning.propose", **ALERT)
    world.settle()
    world.tick(60_000)
    rows = county.view().inbox()
    assert [r["what"] for r in rows] == ["receipt", "receipt", "proposal", "verify"]
    assert rows[0]["record"] == late.hex() and rows[0]["overdue_s"] > 0 and rows[1]["overdue_s"] == 0
    assert {"what", "record", "title", "since", "overdue_s", "do", "kind", "centre"} <= set(rows[0])
    assert [r["what"] for r in city.view().inbox()] == ["chase", "chase"]
    world.do(county, "task.accept", late)
    world.do(county, "task.done", late)
    world.do(county, "task.accept", soon)
    world.settle()
    assert {(r["what"], r["record"]) for r in city.view().inbox()} == {("check", late.hex())}
    assert "work" in {r["what"] for r in county.view().inbox()}
    desk = world.desk("a", "王")
    record = world.report(city, "quarrel")
    world.settle()
    world.do(city, "incident.accept", record)
    world.do(desk, "incident.void", record, reason="r")
    world.settle()
    assert ("conflict", record.hex()) in {(r["what"], r["record"]) for r in city.view().inbox()}
    assert [r["id"] for r in city.view().conflicts()] == [record.hex()]


def test_warnings_in_force_by_colour_and_kept_once(world: World) -> None:
    city = world.centre("a")
    for n, colour in enumerate(["blue", "red", "orange"]):
        warning = world.do(city, "warning.propose", **{**ALERT, "identifier": f"w{n}", "colour": colour, "sent": AT})
        world.do(city, "warning.act", warning)
    view = city.view()
    assert [w["colour"] for w in view.warnings_in_force()] == ["red", "orange", "blue"]
    assert view.find_alert("w1", "s", AT) and view.find_alert("w1", "s", None) is None
    change = city.store.commit(
        [
            Draft("incident.report", {"title": "t"}),
            Draft("warning.raise", {"incident": Ref(0)}, view.id_of(view.find_alert("w1", "s", AT) or "")),
        ]
    )
    raised = see(city, bytes.fromhex(view.find_alert("w1", "s", AT) or ""))
    assert raised["stage"] == "incident" and raised["incident"] == change.ops[-2].hex()
    assert view.steps(raised) == ["warning.lift"]


def test_who_is_there_and_what_is_unsent(world: World) -> None:
    city, hub, county = world.centre("a"), world.hub("a"), world.centre("a/x")
    world.settle()
    view = city.view()
    assert [c["path"] for c in view.centres()] == ["a", "a/x"] and view.below("a") == ["a/x"] == view.below()
    assert [n["use"] for n in view.centres()[0]["nodes"]].count("hub") == 1
    assert [p["name"] for p in view.persons("a/x")] == ["officer-a/x"] and len(view.persons()) == 2
    assert view.name_of("a/x") == "a/x指挥中心" and view.name_of("nobody") == "nobody"
    peer = hub.store.node.id.hex()
    assert view.unsent(peer) == 0
    world.report(city, "t")
    assert view.unsent(peer) >= 1
    world.settle()
    assert view.unsent(peer) == 0
    world.beat()
    assert view.as_of("a/x") is not None and view.as_of("nobody") is None and county.centre == "a/x"
