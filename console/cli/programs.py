"""The programs that stay: a hub, a console; and the one exchange of `sync once`."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from comms import control
from comms.feeds.keep import StoreKeep
from comms.feeds.poller import INTERVAL_S, MemoryKeep, Poller
from comms.fetch import Fetcher
from comms.node import Node
from comms.tasks import Tasks
from console.actions import propose
from console.cli.run import carry_for, open_profile, profile_path, read_secret
from console.desk import Desk, wall_ms
from offline.errors import BadInput
from offline.profile import LIVE, Opened, Profile

READY = "ready"
FILES = 8_192  # a thousand consoles, strangers whose handshakes have not ended, and the store's own


def hubs_of(opened: Opened, extra: list[str] | None) -> list[str]:
    """The hubs this node links to: those given, else those of its config."""
    return list(extra) if extra else [str(u) for u in opened.profile.config.get("hubs", [])]


# Hub


def run_hub(args: argparse.Namespace) -> int:
    """A centre's hub until SIGTERM; prints one line when it is ready."""
    path = profile_path(args)
    _room_for_peers()
    with open_profile(args, path) as opened:
        config = opened.profile.config
        listen = args.listen or config.get("listen") or "127.0.0.1:0"
        parents = [args.parent] if args.parent else [str(u) for u in config.get("hubs", [])]
        asyncio.run(_hub(opened, listen, parents))
    return 0


def _room_for_peers() -> None:
    """Ask for as many open files as the system lets us have, up to what a full hub needs; many give 1,024 unasked."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _hub(opened: Opened, listen: str, parents: list[str]) -> None:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    node = Node(opened, listen=listen, hubs=parents, wall=wall_ms, random=os.urandom)
    desk = Desk(opened, node)

    async def say() -> None:
        address = await node.bound()
        print(f"{READY} {opened.centre} {address}", flush=True)

    jobs = [
        asyncio.create_task(node.run(stop), name="node"),
        asyncio.create_task(serve_control(desk, stop), name="control"),
        asyncio.create_task(say(), name="say"),
    ]
    await _all_or_none(jobs, stop)


async def _all_or_none(jobs: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Wait for all; when one fails the others stop and the error of the first in the list is raised."""
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.set()
        ends = await asyncio.gather(*jobs, return_exceptions=True)
    for trouble in ends:
        if trouble is not None:
            raise trouble


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    if os.name == "nt":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop.set))
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


async def serve_control(desk: Desk, stop: asyncio.Event) -> None:
    """Carry out verbs that other processes of this user send, one at a time, off the loop."""
    turn = asyncio.Lock()

    async def carry(request: control.Request) -> control.Answer:
        async with turn:
            out, err, code = await asyncio.to_thread(carry_for, desk, request.argv, request.cwd, request.stdin)
        return control.Answer(out, err, code)

    await control.serve(desk.opened.profile.socket, carry, stop)


# Console


def run_console(args: argparse.Namespace) -> int:
    """The desktop until its window is closed."""
    from console.app import run

    if getattr(args, "realm", LIVE) != LIVE:
        raise BadInput("A console opens the live realm; drills have none of their own yet.")
    profile = Profile.at(profile_path(args))
    secret = read_secret(getattr(args, "secret_file", None), f"Secret for {profile.path}: ")
    services: list[Callable[[Desk, asyncio.Event], Awaitable[None]]] = [serve_control, poll_feeds]
    return run(
        profile, secret, getattr(args, "person", None), hubs=args.hub, services=services, size=_size(args.size),
        on_ready=lambda desk: print(f"{READY} {desk.centre}", flush=True),
    )  # fmt: skip


def _size(text: str | None) -> tuple[int, int] | None:
    """`1920x1080` as two numbers; None when nobody asked."""
    if text is None:
        return None
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 600 <= int(width) <= 8000 and 400 <= int(height) <= 8000):
        raise BadInput(f"“{text}” is no size of a window; write it like 1920x1080.")
    return int(width), int(height)


async def poll_feeds(desk: Desk, stop: asyncio.Event) -> None:
    """Poll this desk's feeds while the console runs; new alerts become proposals. Feeds added meanwhile join in."""
    tasks = Tasks("feeds")
    polled: set[str] = set()
    async with Fetcher() as fetcher:
        poller = Poller(fetcher, StoreKeep(desk.opened.store), now, keeper_of(desk))
        try:
            while not stop.is_set():
                for source in set(desk.opened.profile.config.get("feeds", [])) - polled:
                    polled.add(source)
                    every = float(desk.opened.profile.config.get("feed_interval_s", INTERVAL_S))
                    run = poller.run({source: every}, monotonic=time.monotonic, random=random.random, stop=stop)
                    tasks.start(run, f"feed {source}")
                await _pause(stop, 1.0)
        finally:
            await tasks.close()


def now() -> dt.datetime:
    """The wall clock with its zone, for what is shown of feeds."""
    return dt.datetime.now().astimezone()


def keeper_of(desk: Desk | None) -> Callable[[dict[str, Any], str], Awaitable[bool]]:
    """What a poller tells its alerts to: the desk's store, or nobody."""

    async def keep(alert: dict[str, Any], source: str) -> bool:
        return desk is not None and await asyncio.to_thread(propose, desk, alert) is not None

    return keep


async def read_once(desk: Desk | None, source: str) -> list[dict[str, Any]]:
    """One round over a feed; its lines with `stored` told. Without a desk nothing is kept."""
    keep = StoreKeep(desk.opened.store) if desk else MemoryKeep()
    async with Fetcher() as fetcher:
        done = await Poller(fetcher, keep, now, keeper_of(desk)).poll_once(source, show=True)
    return done.lines


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


# One exchange


async def exchange(desk: Desk, seconds: float) -> dict[str, Any]:
    """Link to this profile's hubs until nothing waits on either side, or the time is up."""
    hubs = hubs_of(desk.opened, None)
    if not hubs:
        raise BadInput("This profile names no hub.", do="Write one under `hubs` in its config.toml.")
    stop = asyncio.Event()
    node = Node(desk.opened, hubs=hubs, wall=wall_ms, random=os.urandom)
    job = asyncio.create_task(node.run(stop), name="node")
    done = asyncio.create_task(_settled(node, stop), name="settled")
    try:
        await asyncio.wait({done, job}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        links = node.links()
    finally:
        stop.set()
        done.cancel()
        await asyncio.gather(job, done, return_exceptions=True)
    live = [x for x in links if x["state"] == "live"]
    unsent = max(desk.view.unsent_anywhere(), desk.view.unsent_above())
    return {"hubs": len(hubs), "live": len(live), "unsent": unsent, "links": links}


async def _settled(node: Node, stop: asyncio.Event) -> None:
    """Return once every link is live and has stored all of ours, twice in a row."""
    quiet = 0
    while not stop.is_set() and quiet < 2:
        links = node.links()
        good = bool(links) and all(x["state"] == "live" and not x["unsent"] for x in links)
        quiet = quiet + 1 if good else 0
        await _pause(stop, 0.5)


def run_bench(args: argparse.Namespace) -> int:
    """A bench by name; the benches live beside the tests and need a checkout."""
    try:
        from tests.bench import main
    except ImportError as error:
        raise BadInput(
            "The benches need a checkout of the project.", do="Clone it and run `make test` once."
        ) from error
    return int(main(args.name, as_json=getattr(args, "json", False)))
