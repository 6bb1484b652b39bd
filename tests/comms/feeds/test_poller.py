"""The poller against a real server: validators, backoff, the last good copy, documents behind links, told once."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comms.feeds import poller as poller_module
from comms.feeds.index import read_index
from comms.feeds.poller import (
    INTERVAL_S,
    MAX_BACKOFF_S,
    FeedState,
    MemoryKeep,
    Poller,
    Round,
    Schedule,
)
from comms.fetch import Fetcher
from offline.errors import StoreTrouble
from tests.comms.server import Request, Server, reply, serving

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


def alert(name: str, status: str = "Actual") -> bytes:
    return (
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>{name}</identifier><sender>s@example.org</sender><sent>2026-05-01T10:00:00+08:00</sent>"
        f"<status>{status}</status><msgType>Alert</msgType><scope>Public</scope>"
        "<info><event>Flood</event><severity>Severe</severity></info></alert>"
    ).encode()


def atom(*entries: tuple[str, str, bytes]) -> bytes:
    """A feed of (link, updated, extra elements)."""
    parts = [
        b"<entry><id>%s</id><title>t</title><updated>%s</updated>"
        b'<link type="application/cap+xml" href="%s"/>%s</entry>'
        % (link.encode(), updated.encode(), link.encode(), extra)
        for link, updated, extra in entries
    ]
    start = b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.1">'
    return start + b"<author><name>w</name></author>" + b"".join(parts) + b"</feed>"


class Desk:
    """A poller on a real server, and what it was told."""

    def __init__(self, server: Server, fetcher: Fetcher) -> None:
        self.server = server
        self.keep = MemoryKeep()
        self.told: list[str] = []
        self.alerts: list[dict[str, Any]] = []
        self.refuse: set[str] = set()
        self.poller = Poller(fetcher, self.keep, lambda: NOW, self.on_alert)
        self.url = server.url + "/feed"

    async def on_alert(self, found: dict[str, Any], source: str) -> bool:
        assert source == self.url
        if found["identifier"] in self.refuse:
            raise StoreTrouble("the disk is full")
        self.told.append(found["identifier"])
        self.alerts.append(found)
        return True

    async def poll(self, **options: Any) -> Round:
        return await self.poller.poll_once(self.url, **options)

    @property
    def state(self) -> FeedState:
        return self.keep.states[self.url]


def play(story: Callable[[Desk], Awaitable[None]], total_s: float = 5.0) -> None:
    async def body() -> None:
        async with serving() as server, Fetcher(total_s=total_s) as fetcher:
            await story(Desk(server, fetcher))

    asyncio.run(body())


def test_a_single_document_is_told_once_and_then_only_validated() -> None:
    async def story(desk: Desk) -> None:
        async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
            known = request.headers.get("if-none-match") == '"v1"'
            done = reply(status=304, ETag='"v1"') if known else reply(alert("A-1"), ETag='"v1"')
            await done(request, writer)

        desk.server.answers["/feed"] = answer
        first, second = await desk.poll(), await desk.poll()
        assert (first.outcome, first.told, second.outcome, second.lines) == ("new", 1, "unchanged", [])
        assert desk.told == ["A-1"]
        assert first.lines[0]["stored"] is True and first.lines[0]["alert"]["identifier"] == "A-1"
        assert desk.state.body == alert("A-1") and desk.state.good_at == NOW.isoformat()
        shown = await desk.poll(show=True)
        assert [(line["accepted"], line["stored"]) for line in shown.lines] == [(True, False)]

    play(story)


def test_documents_behind_links_are_fetched_once_each_until_their_entry_changes() -> None:
    async def story(desk: Desk) -> None:
        desk.server.answers |= {
            "/feed": reply(atom(("one.xml", "1", b""), ("two.xml", "1", b""), ("page.html", "1", b""))),
            "/one.xml": reply(alert("A-1")),
            "/two.xml": reply(alert("A-2", "Exercise")),
            "/page.html": reply(b"<html></html>"),
        }
        first = await desk.poll()
        assert sorted(desk.told) == ["A-1", "A-2"] and first.more == 0
        assert first.lines[2]["reason"].startswith("not_an_alert: ")
        desk.server.answers["/feed"] = reply(
            atom(("one.xml", "1", b""), ("two.xml", "2", b""), ("page.html", "1", b""))
        )
        desk.server.answers["/two.xml"] = reply(alert("A-3"))
        second = await desk.poll()
        assert desk.server.paths().count("/one.xml") == desk.server.paths().count("/page.html") == 1
        assert desk.server.paths().count("/two.xml") == 2 and desk.told[-1] == "A-3"
        assert second.lines[0]["reason"].startswith("seen: ")

    play(story)


def test_a_failing_document_is_tried_again_and_its_summary_told_meanwhile() -> None:
    inline = b"<cap:event>Gale</cap:event><cap:status>Actual</cap:status><cap:msgType>Alert</cap:msgType>"

    async def story(desk: Desk) -> None:
        desk.server.answers["/feed"] = reply(atom(("one.xml", "1", inline)), ETag='"v1"')
        desk.server.answers["/one.xml"] = reply(status=500)
        first = await desk.poll()
        assert first.more == 1 and desk.told == ["one.xml"] and desk.alerts[0]["partial"]
        assert desk.state.etag is None and desk.state.pending == 1
        desk.server.answers["/one.xml"] = reply(alert("A-1"))
        second = await desk.poll()
        assert second.more == 0 and desk.told == ["one.xml", "A-1"]
        assert desk.alerts[1]["index_entry"] == "one.xml" and "partial" not in desk.alerts[1]
        assert desk.state.etag == '"v1"' and desk.state.pending == 0

    play(story)


def test_a_bad_round_keeps_the_last_good_copy() -> None:
    async def story(desk: Desk) -> None:
        desk.server.answers["/feed"] = reply(alert("A-1"), ETag='"v1"')
        await desk.poll()
        for answer, code in (
            (reply(status=500), "status"),
            (reply(b"<alert>"), "not_well_formed"),
            (reply(b"hello"), "not_a_feed"),
            (reply(alert("A-2"), Content_Encoding="gzip"), "encoding"),
        ):
            desk.server.answers["/feed"] = answer
            done = await desk.poll()
            assert done.outcome == "failed" and done.error is not None and done.error.code == code
            assert done.lines[0]["reason"].startswith(code + ": ") and done.lines[0]["stored"] is False
            assert desk.state.body == alert("A-1") and desk.state.etag == '"v1"'
        assert desk.state.failures == 4 and desk.state.error is not None
        desk.server.answers["/feed"] = reply(alert("A-2"))
        assert (await desk.poll()).told == 1
        assert (desk.state.failures, desk.state.error, desk.state.body) == (0, None, alert("A-2"))

    play(story)


def test_the_same_alert_by_two_ways_is_told_once() -> None:
    async def story(desk: Desk) -> None:
        desk.server.answers |= {
            "/feed": reply(atom(("one.xml", "1", b""), ("copy.xml", "1", b""))),
            "/one.xml": reply(alert("A-1")),
            "/copy.xml": reply(alert("A-1")),
        }
        assert (await desk.poll()).told == 1 and desk.told == ["A-1"]

    play(story)


def test_what_the_receiver_could_not_keep_is_told_again() -> None:
    async def story(desk: Desk) -> None:
        desk.server.answers |= {
            "/feed": reply(atom(("one.xml", "1", b""), ("two.xml", "1", b"")), ETag='"v1"'),
            "/one.xml": reply(alert("A-1")),
            "/two.xml": reply(alert("A-2")),
        }
        desk.refuse = {"A-2"}
        done = await desk.poll()
        assert (done.outcome, done.told, done.more) == ("failed", 1, 1) and desk.state.etag is None
        desk.refuse = set()
        assert (await desk.poll()).told == 1 and desk.told == ["A-1", "A-2"]

    play(story)


def test_a_long_index_is_worked_off_over_several_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "MAX_DOCUMENTS", 3)

    async def story(desk: Desk) -> None:
        names = [f"{number}.xml" for number in range(7)]
        desk.server.answers["/feed"] = reply(atom(*((name, "1", b"") for name in names)))
        desk.server.answers |= {f"/{name}": reply(alert(name)) for name in names}
        rounds = [await desk.poll() for _ in range(4)]
        assert [done.told for done in rounds] == [3, 3, 1, 0] and rounds[3].outcome == "unchanged"
        assert rounds[0].lines[6]["reason"].startswith("later: ")

    play(story)


def test_at_most_four_documents_are_fetched_at_a_time() -> None:
    async def story(desk: Desk) -> None:
        now = most = 0

        async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.02)  # long enough for all that may come at once to come
            now -= 1
            await reply(alert(request.path))(request, writer)

        names = [f"{number}.xml" for number in range(12)]
        desk.server.answers["/feed"] = reply(atom(*((name, "1", b"") for name in names)))
        desk.server.answers |= {f"/{name}": slow for name in names}
        await desk.poll()
        assert len(desk.told) == 12 and 2 <= most <= poller_module.PARALLEL

    play(story)


def test_a_feed_that_is_a_file_leads_only_to_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_bytes(alert("SECRET"))
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "one.xml").write_bytes(alert("A-1"))
    links = ("one.xml", "../secret.xml", str(tmp_path / "secret.xml"), "https://example.org/far.xml", "none.xml")
    (folder / "index.atom").write_bytes(atom(*((link, "1", b"") for link in links)))
    told: list[str] = []

    async def on_alert(found: dict[str, Any], _source: str) -> bool:
        told.append(found["identifier"])
        return True

    source = str(folder / "index.atom")
    done = asyncio.run(Poller(None, MemoryKeep(), lambda: NOW, on_alert).poll_once(source))
    assert told == ["A-1"] and [line["accepted"] for line in done.lines] == [True, False, False, False, False]
    assert done.lines[4]["reason"].startswith("unreadable: ") and done.more == 1


LARGE = 1500  # entries; the largest real index seen has 1,272, and those carry no whole alerts


def big_atom() -> bytes:
    content = b'<content type="text/xml">%s</content>'
    return atom(*((f"{number}.xml", "1", content % alert(f"A-{number}")) for number in range(LARGE)))


def big_json() -> bytes:
    one = '{"alert": {"identifier": "%d", "sender": "s", "sent": "2026-05-01T10:00:00Z", "status": "Actual",'
    one += ' "msgType": "Alert", "info": [{"event": "e", "area": [{"polygon": "1,1 2,2 3,1 1,1"}]}]}}'
    return ('{"warnings": [' + ",".join(one % number for number in range(LARGE)) + "]}").encode()


@pytest.mark.parametrize("make", [big_atom, big_json])
def test_the_loop_is_never_held_up_by_a_large_feed(make: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / "feed").write_bytes(make())
    told = 0

    async def on_alert(_found: dict[str, Any], _source: str) -> bool:
        nonlocal told
        told += 1
        return True

    async def body(work: Callable[[], Awaitable[object]]) -> float:
        worst, stop = 0.0, asyncio.Event()

        async def beat() -> None:
            nonlocal worst
            while not stop.is_set():
                started = time.perf_counter()
                await asyncio.sleep(0.005)
                worst = max(worst, time.perf_counter() - started - 0.005)

        task = asyncio.create_task(beat())
        await work()
        stop.set()
        await task
        return worst

    def poll() -> Awaitable[object]:
        return Poller(None, MemoryKeep(), lambda: NOW, on_alert).poll_once(str(tmp_path / "feed"))

    def only_read() -> Awaitable[object]:
        return asyncio.to_thread(read_index, make(), "feed")  # what any thread that reads so much costs the loop

    gc.freeze()  # what other tests left in this process is not the poller's to collect
    try:
        pairs = [(asyncio.run(body(poll)), asyncio.run(body(only_read))) for _ in range(3)]
    finally:
        gc.unfreeze()
    assert told == 3 * LARGE
    assert min(p[0] for p in pairs) < 0.1 + 2 * min(p[1] for p in pairs)


def test_running_stops_at_once_and_polls_again_after_the_interval() -> None:
    async def story(desk: Desk) -> None:
        desk.server.answers["/feed"] = reply(alert("A-1"))
        stop, twice = asyncio.Event(), asyncio.Event()
        rounds: list[str] = []

        def on_round(done: Round) -> None:
            rounds.append(done.outcome)
            if len(rounds) == 2:
                twice.set()

        run = asyncio.create_task(
            desk.poller.run(
                {desk.url: 0.01}, monotonic=time.monotonic, random=lambda: 0.5, stop=stop, on_round=on_round
            )
        )
        await asyncio.wait_for(twice.wait(), 5)
        stop.set()
        await asyncio.wait_for(run, 5)
        assert rounds[:2] == ["new", "unchanged"] and desk.told == ["A-1"]

    play(story)


def test_the_schedule_doubles_up_to_its_end_and_starts_again() -> None:
    schedule = Schedule()
    assert schedule.wait_s(0) == 0
    schedule.succeeded(100, 0)
    assert schedule.due_at == 100 + INTERVAL_S
    waits = []
    for _ in range(6):
        schedule.failed(0, 0)
        waits.append(schedule.due_at)
    assert waits == [120, 240, 480, MAX_BACKOFF_S, MAX_BACKOFF_S, MAX_BACKOFF_S]
    schedule.failed(0, 1)
    assert schedule.due_at == MAX_BACKOFF_S / 2
    schedule.failed(0, 1, at_least_s=3600)
    assert schedule.due_at == 3600
    schedule.succeeded(0, 1)
    assert schedule.due_at == pytest.approx(54) and schedule.failures == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "MAX_SEEN", 3)

    async def story(desk: Desk) -> None:
        for number in range(5):
            desk.server.answers["/feed"] = reply(alert(f"A-{number}"))
            await desk.poll()
        assert len(desk.state.seen) == 3

    play(story)
