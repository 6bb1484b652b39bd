"""Who plays: three centres with a hub and a console each, as processes, and the networks between them as relays."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from comms import control
from comms.relay import Relay
from console.desk import wall_ms
from offline import founding
from offline.errors import FenghuoError
from offline.profile import Profile

START_S = 90.0  # two slow cores may start six programs and three browsers at once
SECRET = "fenghuo-demo-only"  # of throw-away profiles; everything in them is made up
T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A centre of the story."""

    key: str
    path: str
    name: str
    person: str
    leader: str
    phone: str


PLACES = (
    Place("city", "huaian", "淮安市指挥中心", "周明远", "陈建国", "0517-8360 0001"),
    Place("county", "huaian/lianshui", "涟水县指挥中心", "李敏", "王海涛", "0517-8238 0002"),
    Place("town", "huaian/lianshui/gaogou", "高沟镇指挥中心", "孙小梅", "朱文广", "0517-8261 0003"),
)
RESOURCES: dict[str, list[dict[str, Any]]] = {
    "city": [
        {"name": "市消防救援支队特勤一站", "type": "team", "position": "119.021,33.597", "quantity": 42, "unit": "人"},
        {
            "name": "市防汛物资储备库 编织袋",
            "type": "supply",
            "position": "119.043,33.571",
            "quantity": 80000,
            "unit": "条",
        },
        {"name": "市第一人民医院", "type": "hospital", "position": "119.030,33.609", "quantity": 36, "unit": "床"},
    ],
    "county": [
        {"name": "涟水县消防救援大队", "type": "team", "position": "119.262,33.781", "quantity": 28, "unit": "人"},
        {"name": "县水利局冲锋舟", "type": "equipment", "position": "119.272,33.774", "quantity": 6, "unit": "艘"},
        {"name": "排涝泵车 苏H-0817", "type": "vehicle", "position": "119.255,33.792", "plate": "苏H-0817"},
    ],
    "town": [
        {"name": "高沟镇应急救援队", "type": "team", "position": "119.188,33.985", "quantity": 30, "unit": "人"},
        {"name": "高沟中学避难场所", "type": "shelter", "position": "119.193,33.979", "quantity": 600, "unit": "人"},
        {
            "name": "镇抗旱排涝服务队水泵",
            "type": "equipment",
            "position": "119.182,33.990",
            "quantity": 4,
            "unit": "台",
        },
    ],
}


def free_port() -> int:
    """A loopback port that nobody has just now; a hub keeps it over its restarts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lines(threading.Thread):
    """Reads a process's output, keeps its end, and notices the line that says it is ready."""

    def __init__(self, pipe: Any, log: Path) -> None:
        super().__init__(name=f"output {log.name}", daemon=True)
        self._pipe, self._log = pipe, log
        self.ready = threading.Event()

    def run(self) -> None:
        """Copy lines to the log until the process ends."""
        with self._log.open("ab") as log:
            for line in self._pipe:
                log.write(line)
                log.flush()
                if line.startswith(b"ready "):
                    self.ready.set()
        self._pipe.close()


@dataclass
class Program:
    """One process of the cast: a hub or a console; it can be killed and started again."""

    key: str
    argv: list[str]
    profile: Path
    log: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    lines: Lines | None = None
    starts: int = 0

    def start(self) -> None:
        """Start it; `wait` for it to be ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", *self.argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env=self.env, start_new_session=True,
        )  # fmt: skip
        self.lines = Lines(self.process.stdout, self.log)
        self.lines.start()
        self.starts += 1

    def wait(self, seconds: float = START_S) -> None:
        """Wait until it says that it is ready; FenghuoError with the end of its log when it does not."""
        assert self.process and self.lines
        end = time.monotonic() + seconds
        while not self.lines.ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise FenghuoError(f"{self.key} did not start: {tail}", code="no_start", do=f"Look into {self.log}.")

    def kill(self) -> None:
        """`kill -9`, with everything it started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        """Kill and start again on the same profile."""
        self.kill()
        self.start()
        self.wait()

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def ask(self, *argv: str) -> control.Answer:
        """Have it carry out a verb; `control.NotRunning` when it is down."""
        return control.ask(self.profile / "run" / "control.sock", control.Request([*argv, "--json"], os.getcwd()))


class Networks:
    """The relays between hubs, on a loop of their own thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo networks", daemon=True)
        self._thread.start()
        self.relays: dict[str, Relay] = {}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the relays' loop."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(30)

    def join(self, name: str, port: int) -> int:
        """A relay to a hub's port; returns the relay's own port."""
        relay = Relay("127.0.0.1", port)
        self.relays[name] = relay
        return self.do(relay.start())[1]

    def cut(self, name: str) -> None:
        """Let nothing through and close nothing: what a dead line does."""
        self._loop.call_soon_threadsafe(self.relays[name].cut)

    def heal(self, name: str) -> None:
        """Let it through again."""
        self._loop.call_soon_threadsafe(self.relays[name].heal)

    def close(self) -> None:
        """Close the relays and their loop."""
        for relay in self.relays.values():
            self.do(relay.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Cast:
    """All programs and networks of one play."""

    folder: Path
    headless: bool
    language: str
    networks: Networks = field(default_factory=Networks)
    hubs: dict[str, Program] = field(default_factory=dict)
    desks: dict[str, Program] = field(default_factory=dict)

    def found(self, feed: str) -> None:
        """Make the six profiles and write where each links to."""
        means = founding.Means(wall_ms, os.urandom)
        ports = {p.key: free_port() for p in PLACES}
        opened: dict[str, Any] = {}
        above = None
        for place in PLACES:
            new = founding.NewCentre(
                place.path, place.name, place.person, SECRET, ("duty", "security"), place.phone, self.language
            )
            desk = founding.found(self.folder / place.key, new, means, above)
            founding.add_person(desk, place.leader, f"{SECRET}-{place.key}", ("leader",), "", means)
            founding.add_profile(desk, self.folder / f"{place.key}-hub", "hub", SECRET, means)
            opened[place.key] = above = desk
        for desk in opened.values():
            desk.close()
        self._link(ports, feed)

    def _link(self, ports: dict[str, int], feed: str) -> None:
        parent: str | None = None
        for place in PLACES:
            hub = Profile.at(self.folder / f"{place.key}-hub")
            hub.config["listen"] = f"127.0.0.1:{ports[place.key]}"
            if parent:
                relay = self.networks.join(place.key, ports[parent])
                hub.config["hubs"] = [f"wss://127.0.0.1:{relay}"]
            hub.save()
            desk = Profile.at(self.folder / place.key)
            desk.config["hubs"] = [f"wss://127.0.0.1:{ports[place.key]}"]
            if place.key == "city":
                desk.config["feeds"], desk.config["feed_interval_s"] = [feed], 2.0
            desk.save()
            self.hubs[place.key] = self._program(f"{place.key} hub", ["hub"], hub.path, SECRET)
            self.desks[place.key] = self._program(f"{place.key} console", ["console"], desk.path, SECRET)
            self.desks[place.key].argv += ["--as", place.person]
            if self.headless:
                self.desks[place.key].argv += ["--size", "1920x1080"]
            parent = place.key

    def _program(self, key: str, argv: list[str], profile: Path, secret: str) -> Program:
        env = {**os.environ, "FENGHUO_SECRET": secret, "PYTHONUNBUFFERED": "1"}
        if self.headless:
            env |= {"QT_QPA_PLATFORM": "offscreen", "FENGHUO_SAFE_GRAPHICS": "1"}
        log = self.folder / f"{key.replace(' ', '-')}.log"
        return Program(key, [*argv, "--profile", str(profile)], profile, log, env)

    def start(self) -> None:
        """Start all; hubs first, then the consoles together."""
        for program in self.hubs.values():
            program.start()
        for program in self.hubs.values():
            program.wait()
        for program in self.desks.values():
            program.start()
        for program in self.desks.values():
            program.wait()

    def programs(self) -> list[Program]:
        """Hubs, then consoles."""
        return [*self.hubs.values(), *self.desks.values()]

    def close(self) -> None:
        """Stop everything."""
        for program in reversed(self.programs()):
            program.stop()
        self.networks.close()
