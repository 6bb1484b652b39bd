"""A process that writes is killed without warning; what it had acknowledged must be there, and the file whole."""

from __future__ import annotations

import os
import random
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

from offline.profile import Profile
from tests.helpers.world import SECRET, World, digest_of
from tests.torture.histories import Broken

ROOT = Path(__file__).parents[2]
START_S = 60.0  # by then the writer has acknowledged its first op, or the test has failed


def writer(folder: str, hub: str) -> None:
    """Report incidents at a desk and hand them to a hub, saying each id once it is acknowledged, until killed."""
    from offline.store import Draft
    from tests.helpers.world import send

    def wall() -> int:
        return int(time.time() * 1000)

    names = (("a", folder), ("a:hub", hub))
    desk, keeper = (
        Profile.at(Path(f)).unlock(SECRET.format(n), person=None, wall=wall, random=os.urandom) for n, f in names
    )
    n = 0
    while True:
        n += 1
        change = desk.store.commit(
            [Draft("incident.report", {"title": f"事件 {n}", "words": "长" * (n % 50) * 20})] * (1 + n % 3)
        )
        print("desk", " ".join(o.hex() for o in change.ops), flush=True)
        got = [o for c in send(desk, keeper) for o in c.ops]
        print("hub", " ".join(o.hex() for o in got), flush=True)


def run(folder: Path, rounds: int, seed: int = 0) -> dict[str, int]:
    """Kill a writer that many times at random instants; Broken when anything it said is missing afterwards."""
    dice = random.Random(seed)
    acked: dict[str, set[str]] = {"desk": set(), "hub": set()}
    with World(folder, seed) as world:
        desk, hub = world.centre("a"), world.hub("a")
        world.settle()
        folders = {"desk": desk.profile.path, "hub": hub.profile.path}
    for _ in range(rounds):
        _one(folders, dice.uniform(0.0, 0.25), acked)
        for name, path in folders.items():
            _check(name, path, acked[name], world)
    return {"kills": rounds, "acked": sum(len(a) for a in acked.values())}


def _one(folders: dict[str, Path], after_s: float, acked: dict[str, set[str]]) -> None:
    code = f"from tests.torture.kill import writer; writer({str(folders['desk'])!r}, {str(folders['hub'])!r})"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    said, end = b"", time.monotonic() + START_S
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while time.monotonic() < end and child.poll() is None:
            if not ready.select(timeout=max(0.0, end - time.monotonic())):
                break
            if not said:
                end = time.monotonic() + after_s
            said += child.stdout.read() or b""
    child.send_signal(signal.SIGKILL)
    child.wait()
    said += child.stdout.read() or b""
    child.stdout.close()
    if not said:
        raise Broken("the writer never acknowledged anything")
    for line in said.decode().split("\n")[:-1]:
        who, *ids = line.split(" ")
        acked[who].update(i for i in ids if i)


def _check(name: str, path: Path, acked: set[str], world: World) -> None:
    secret = SECRET.format("a" if name == "desk" else "a:hub")
    with Profile.at(path).unlock(secret, person=None, wall=world.wall, random=world.means.random) as opened:
        con = opened.store._con
        held = {i.hex() for (i,) in con.execute("SELECT id FROM ops")}
        if not acked <= held:
            raise Broken(f"{name} lost {len(acked - held)} of {len(acked)} acknowledged ops")
        if con.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise Broken(f"{name}'s file is damaged")
        before = digest_of(opened, "a")
        opened.store.rebuild()
        if digest_of(opened, "a") != before:
            raise Broken(f"{name}'s state is not the fold of its log")
