"""Three real centres in one event loop: a hub and a desk each, real files, real TLS, and a cable before every hub."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from comms.node import Node
from comms.relay import Relay
from comms.session import Limits
from offline import founding
from offline.profile import Opened, Profile
from offline.store import Change, Draft
from offline.vault import LIGHT
from offline.view import View

SECRET = "a secret for tests 1"
CITY, COUNTY, TOWN = "huaian", "huaian/lianshui", "huaian/lianshui/gaogou"
NAMES = {CITY: ("淮安市", "张伟"), COUNTY: ("涟水县", "李敏"), TOWN: ("高沟镇", "王芳")}
QUICK = Limits(ping_ms=150, dead_ms=700, hello_ms=3_000, stored_ms=5_000)
WAIT_S = 20.0


def wall() -> int:
    """Wall clock in milliseconds."""
    return int(time.time() * 1000)


MEANS = founding.Means(wall, os.urandom, LIGHT)


def unlock(profile: Profile) -> Opened:
    """Open a profile of these tests."""
    return profile.unlock(SECRET, person=None, wall=wall, random=os.urandom)


class Seat:
    """One node and who sits there: `seat.report("…")`, `seat.order("…", to=TOWN)`, `seat.agrees_with(…)`."""

    def __init__(self, net: Net, opened: Opened, use: str) -> None:
        self.net, self.opened, self.use, self.centre = net, opened, use, opened.centre
        self.profile = opened.profile
        self.node: Node | None = None
        self.cable: Relay | None = None
        """For a hub: what everybody who dials it goes through."""
        self._stop = asyncio.Event()
        self._job: asyncio.Task[None] | None = None
        self._view: View | None = None

    # Running

    async def start(self, *hubs: str) -> None:
        """Run its node: a hub listens and is reached through its cable, a desk dials."""
        listen = "127.0.0.1:0" if self.use == "hub" else None
        self._stop = asyncio.Event()
        self.node = Node(
            self.opened,
            listen=listen,
            hubs=hubs,
            wall=wall,
            random=os.urandom,
            limits=self.net.limits,
            on_change=self.net.note,
            on_links=self.net.note,
        )
        self.hubs = hubs
        self._job = asyncio.create_task(self.node.run(self._stop), name=f"{self.use} {self.centre}")
        await self.node.started.wait()
        if self.use == "hub" and self.node.address:
            if self.cable is None:
                self.cable = Relay(*self.node.address)
                host, port = await self.cable.start()
                self.url = f"wss://{host}:{port}"
            self.cable.target_port = self.node.address[1]

    async def stop(self) -> None:
        """Stop the node; the profile stays open."""
        self._stop.set()
        if self._job is not None:
            await self._job
        self._job = None

    async def close(self) -> None:
        """Stop the node and close the profile."""
        await self.stop()
        self._view = None
        self.opened.close()

    async def restart(self, before: Callable[[Path], None] | None = None) -> None:
        """Close it, do something to its folder, open it and run it again."""
        await self.close()
        if before is not None:
            before(self.profile.path)
        await self.open()

    async def open(self) -> None:
        """Open the profile again and run its node as before."""
        self.opened = unlock(self.profile)
        await self.start(*self.hubs)

    # Working

    @property
    def view(self) -> View:
        """This seat's own view."""
        if self._view is None:
            self._view = self.opened.view()
        return self._view

    def commit(self, *drafts: Draft) -> Change:
        """Write one action."""
        return self.opened.store.commit(drafts)

    def report(self, title: str) -> str:
        """A verified incident; returns its id."""
        record = self.commit(Draft("incident.report", {"title": title, "position": [119.2, 34.0]})).records[-1]
        self.commit(Draft("incident.accept", {}, record))
        self.commit(Draft("incident.verify", {}, record))
        return record.hex()

    def order(self, title: str, to: str, incident: str | None = None) -> str:
        """An order to a centre; returns the task's id."""
        data = {"title": title, "to": to, **({"incident": incident} if incident else {})}
        return self.commit(Draft("task.order", data)).records[-1].hex()

    def do(self, kind: str, record: str, **data: Any) -> None:
        """A command on a record, such as `do("task.accept", task)`."""
        self.commit(Draft(kind, data, bytes.fromhex(record)))

    def journal(self, text: str) -> str:
        """A line in the log book."""
        return self.commit(Draft("logentry.write", {"text": text, "at": "2026-07-12T06:00:00+08:00"})).records[-1].hex()

    def register(self, name: str) -> str:
        """A resource of this centre."""
        return self.commit(Draft("resource.register", {"name": name, "type": "team"})).records[-1].hex()

    def get(self, record: str) -> dict[str, Any] | None:
        """The record as this seat sees it, None when it is not here."""
        rows = self.view.changed([bytes.fromhex(record)])
        return rows[0] if rows else None

    def stage(self, record: str) -> str | None:
        """Its stage as seen here."""
        found = self.get(record)
        return str(found["stage"]) if found else None

    def digest(self, centre: str) -> str:
        """The digest of what a centre may see."""
        return str(self.view.digest(centre)["digest"])

    def link(self, centre: str, use: str = "hub") -> dict[str, Any]:
        """This seat's link to that node, as people see it."""
        assert self.node is not None
        found = [x for x in self.node.links() if x["centre"] == centre and x["use"] == use]
        assert found, f"no link from {self.centre} to {use} of {centre}: {self.node.links()}"
        return found[0]

    def state(self, centre: str, use: str = "hub") -> str:
        """The state of that link, "none" before the first contact."""
        assert self.node is not None
        return next((x["state"] for x in self.node.links() if x["centre"] == centre and x["use"] == use), "none")

    def __repr__(self) -> str:
        return f"<{self.use} of {self.centre}>"


class Net:
    """The three centres: `net.city`, `net.county`, `net.town` are the desks, `net.hub[path]` the hubs."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.desk: dict[str, Seat] = {}
        self.hub: dict[str, Seat] = {}
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for path in (CITY, COUNTY, TOWN):
            self._found(path)

    def _found(self, path: str) -> None:
        parent = self.desk.get(path.rpartition("/")[0])
        name, person = NAMES[path]
        folder = self.folder / path.replace("/", "-")
        opened = founding.found(
            folder, founding.NewCentre(path, name, person, SECRET), MEANS, parent.opened if parent else None
        )
        hub = founding.add_profile(opened, folder.with_name(folder.name + "-hub"), "hub", SECRET, MEANS)
        self.desk[path], self.hub[path] = Seat(self, opened, "desk"), Seat(self, unlock(hub), "hub")

    @property
    def city(self) -> Seat:
        """The city's desk."""
        return self.desk[CITY]

    @property
    def county(self) -> Seat:
        """The county's desk."""
        return self.desk[COUNTY]

    @property
    def town(self) -> Seat:
        """The town's desk."""
        return self.desk[TOWN]

    @property
    def seats(self) -> list[Seat]:
        """Everybody, hubs first."""
        return [*self.hub.values(), *self.desk.values()]

    async def start(self) -> None:
        """Start hubs from the top, then desks."""
        for path, hub in self.hub.items():
            above = self.hub.get(path.rpartition("/")[0])
            await hub.start(*([above.url] if above else []))
        for path, desk in self.desk.items():
            await desk.start(self.hub[path].url)

    async def close(self) -> None:
        """Stop everything, desks first."""
        for seat in reversed(self.seats):
            await seat.close()
        for hub in self.hub.values():
            if hub.cable is not None:
                await hub.cable.stop()

    # Waiting

    def note(self, *_: Any) -> None:
        """Something changed, on whatever thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    async def until(self, good: Callable[[], Any], seconds: float = WAIT_S) -> float:
        """Wait for changes until this holds; returns the seconds it took."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                while not good():
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s; links: {self.picture()}") from None
        return time.monotonic() - began

    def picture(self) -> str:
        """All links, for a failed test."""
        rows = [
            f"{seat} "
            + " ".join(str(x[k]) for k in ("direction", "centre", "use", "state", "unsent", "code", "reason"))
            for seat in self.seats
            if seat.node is not None
            for x in seat.node.links()
        ]
        return "\n".join(["", *rows])

    async def live(self) -> None:
        """Wait until every link stands."""
        await self.until(self.all_live)

    def all_live(self) -> bool:
        """Whether every node that dials is live."""
        links = [x for s in self.seats if s.node is not None for x in s.node.links() if x["direction"] == "out"]
        return len(links) == 5 and all(x["state"] == "live" for x in links)

    def all_sent(self) -> bool:
        """Whether nothing waits anywhere."""
        return all(x["unsent"] == 0 for s in self.seats if s.node is not None for x in s.node.links())

    def agree(self, centre: str, *seats: Seat) -> bool:
        """Whether these seats (all, if none are named) hold the same of what a centre may see."""
        return len({s.digest(centre) for s in seats or self.seats}) == 1

    def cut(self, centre: str) -> None:
        """Pull the cable between a centre and the one above it (a blackhole: nobody is told)."""
        cable = self.hub[centre.rpartition("/")[0]].cable
        assert cable is not None
        cable.cut()

    def heal(self, centre: str) -> None:
        """Plug it in again."""
        cable = self.hub[centre.rpartition("/")[0]].cable
        assert cable is not None
        cable.heal()


@contextlib.asynccontextmanager
async def desks(folder: Path, limits: Limits = QUICK, *, live: bool = True) -> AsyncIterator[Net]:
    """Three centres, running and linked."""
    net = Net(folder, limits)
    try:
        await net.start()
        if live:
            await net.live()
        yield net
    finally:
        await net.close()


def copy_database(profile: Path, to: Path) -> None:
    """Copy a closed profile's cache, as a backup would."""
    to.mkdir(parents=True, exist_ok=True)
    for file in profile.glob("live.db*"):
        shutil.copy2(file, to / file.name)


def put_back(profile: Path, kept: Path) -> None:
    """Replace a closed profile's cache by an older copy."""
    for file in profile.glob("live.db*"):
        file.unlink()
    for file in kept.glob("live.db*"):
        shutil.copy2(file, profile / file.name)
