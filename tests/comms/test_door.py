"""The store as links see it: one thread, one encoding per audience, and who asked what meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from comms import protocol
from comms.door import CACHED_BYTES, CACHED_MAX, Door
from comms.session import BatchCame
from offline import founding
from offline.ops import Op
from offline.profile import Opened
from offline.store import Cursor, Draft
from tests.helpers.desks import CITY, COUNTY, MEANS, NAMES, SECRET, unlock


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Opened, Opened]]:
    """A desk and the hub of its centre, not linked."""
    desk = founding.found(tmp_path / "desk", founding.NewCentre(CITY, *NAMES[CITY], SECRET), MEANS)
    with desk, unlock(founding.add_profile(desk, tmp_path / "hub", "hub", SECRET, MEANS)) as hub:
        yield desk, hub


def carry(source: Door, target: Door, have: dict[tuple[bytes, int], int] | None = None) -> BatchCame:
    """Take what one store has over to another, as a link does."""
    parcel = source.parcel(target.opened.centre, 0, target.store.node.id.hex(), have)
    frames = [protocol.decode(f) for f in parcel.frames]
    batch = BatchCame(Cursor(source.store.epoch, parcel.upto, frames[-1].run), 0)
    for frame in frames:
        batch.statements += frame.statements
        batch.ops += [Op(*o) for o in frame.ops]
        batch.sigs += frame.sigs
    target.receive(source.store.node.id.hex(), batch)
    return batch


def journal(opened: Opened, text: str) -> None:
    """One more entry."""
    opened.store.commit([Draft("logentry.write", {"text": text, "at": "2026-07-12T06:00:00+08:00"})])


def test_peers_of_one_centre_share_the_bytes_and_the_author_gets_nothing_back(pair: tuple[Opened, Opened]) -> None:
    desk, hub = pair
    here, there = Door(hub), Door(desk)
    try:
        carry(there, here)
        before, after = here.encoded, here.store.pos
        journal(hub, "大家都要知道") if hub.store.session else hub.store.admit(
            [desk.store.state_authority(founding.centre_key(desk), "rules", {"version": 1})]
        )
        one, two = here.parcel(CITY, after, "a" * 64, None), here.parcel(CITY, after, "b" * 64, None)
        assert one is two and one.frames and here.encoded == before + 1
        assert here.parcel(COUNTY, after, "c" * 64, None) is not one, "another audience"
        journal(desk, "来自这台席位")
        carry(there, here)
        author, other = desk.store.node.id.hex(), "a" * 64
        assert here.parcel(CITY, one.upto, author, None).empty and not here.parcel(CITY, one.upto, other, None).empty
    finally:
        here.close()
        there.close()


def test_what_is_kept_encoded_is_bounded(pair: tuple[Opened, Opened]) -> None:
    desk, _ = pair
    door = Door(desk)
    try:
        start = door.store.pos
        for n in range(CACHED_MAX + 10):
            journal(desk, f"第{n}条")
            door.parcel(CITY, start, "a" * 64, None)
        assert len(door._cache) == CACHED_MAX and door._bytes() <= CACHED_BYTES
    finally:
        door.close()


def test_beats_tell_which_orders_have_arrived_only_once(tmp_path: Path, pair: tuple[Opened, Opened]) -> None:
    desk, _ = pair
    with founding.found(tmp_path / "c", founding.NewCentre(COUNTY, *NAMES[COUNTY], SECRET), MEANS, desk) as county:
        here, there = Door(desk), Door(county)
        try:
            task = desk.store.commit([Draft("task.order", {"title": "加固", "to": COUNTY})]).records[-1]
            carry(here, there)
            carry(there, here)  # whoever hears a beat must know its node
            news, records = here.take_beats([there.store.make_beat(), b"nonsense"])
            assert len(news) == 1 and records == [task]
            assert desk.view().get(task.hex())["ticks"]["delivered"]["node"] == county.store.node.id.hex()
            assert here.take_beats(news) == ([], []), "the same beat again is no news"
        finally:
            here.close()
            there.close()


def test_the_history_may_be_asked_while_statements_come_in(pair: tuple[Opened, Opened]) -> None:
    desk, _ = pair
    stop, wrong = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                assert desk.store.authority.now().nodes and desk.store.authority.certificates(desk.store.node.id)
            except Exception as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(30):
        founding.add_person(desk, f"员{n}", f"secret-{n:06}", ("duty",), "", MEANS)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_calls_run_in_order_on_one_thread(pair: tuple[Opened, Opened]) -> None:
    async def play() -> None:
        door = Door(pair[0])
        seen: list[int] = []
        names = set[str]()

        def work(n: int) -> None:
            seen.append(n)
            names.add(threading.current_thread().name)

        await asyncio.gather(*(door.run(work, n) for n in range(50)))
        assert seen == list(range(50)) and len(names) == 1
        door.close()

    asyncio.run(play())
