"""Runs the story: names each step, times it, writes down what was acknowledged, takes pictures and the report."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from comms.control import NotRunning
from console.demo.cast import PLACES, Cast, Program
from console.demo.feed import FeedServer
from offline.errors import FenghuoError

Say = Callable[[str], None]
WAIT_S = 90.0
POLL_S = 0.15
TOWN = PLACES[2].path


@dataclass(frozen=True)
class Options:
    """How to play."""

    out: Path
    headless: bool
    feed: str | None = None
    language: str = "zh"
    kill_seed: int | None = None
    keep: bool = False
    pace_s: float = 2.5
    """With windows that people watch, how long each step stays."""


class StepFailed(FenghuoError):
    """A step of the story did not come to its end."""

    code = "step_failed"
    do = "Look into the logs in the folder of the report."


@dataclass
class Play:
    """One play: its cast, its feed, and what has happened."""

    options: Options
    cast: Cast
    feed: FeedServer
    say: Say
    ledger: Path
    facts: dict[str, Any] = field(default_factory=dict)
    """What later steps need of earlier ones: ids of records."""
    shots: int = 0
    pictures: list[dict[str, Any]] = field(default_factory=list)
    acked: set[str] = field(default_factory=set)
    blocked: dict[str, int] = field(default_factory=dict)
    step: str = ""

    # Asking

    def ask(self, who: str, *argv: str) -> list[dict[str, Any]]:
        """Have a console carry out a verb, again while it is being restarted; FenghuoError when it refuses."""
        return self.ask_program(self.cast.desks[who], *argv)

    def ask_program(self, program: Program, *argv: str) -> list[dict[str, Any]]:
        """The same for any program of the cast."""
        end = time.monotonic() + WAIT_S
        while True:
            try:
                answer = program.ask(*argv)
                break
            except NotRunning:
                if time.monotonic() > end:
                    raise
                time.sleep(POLL_S)
        if answer.exit:
            raise _told(answer.stderr)
        rows = [json.loads(line) for line in answer.stdout.splitlines() if line.strip()]
        for row in rows:
            ops = row.get("ops")
            self.note(ops if isinstance(ops, list) else [])  # a digest counts its ops under the same name
        return rows

    def note(self, ops: list[str]) -> None:
        """Write acknowledged op ids down, on disk before anything else happens."""
        new = [o for o in ops if o not in self.acked]
        if not new:
            return
        with self.ledger.open("a", encoding="ascii") as file:
            file.write("".join(f"{o}\n" for o in new))
            file.flush()
            os.fsync(file.fileno())
        self.acked.update(new)

    def wait(self, what: str, look: Callable[[], Any], seconds: float = WAIT_S) -> Any:
        """Look until something true is seen; StepFailed names what never came."""
        end, last = time.monotonic() + seconds, ""
        while time.monotonic() < end:
            try:
                seen = look()
                if seen:
                    return seen
            except FenghuoError as error:
                last = f" ({error.message})"
            time.sleep(POLL_S)
        raise StepFailed(f"waited {seconds:.0f} s in vain for {what}{last}")

    def act(self, who: str, done: Callable[[], Any], *argv: str) -> Any:
        """Do something once, whatever is killed meanwhile: look whether it is done, else ask, and look again."""
        end, trouble = time.monotonic() + WAIT_S, ""
        while time.monotonic() < end:
            try:
                seen = done()
                if seen:
                    return seen
                self.ask(who, *argv)
                return self.wait(" ".join(argv[:2]), done, 15.0)
            except (FenghuoError, TimeoutError) as error:
                trouble = str(error)
                time.sleep(POLL_S)
        raise StepFailed(f"{who} could not {' '.join(argv[:2])}: {trouble}")

    # Looking

    def state(self, who: str) -> dict[str, Any]:
        """What a console's window shows."""
        (row,) = self.ask(who, "window", "state")
        self.blocked[who] = max(self.blocked.get(who, 0), int(row.get("blocked") or 0))
        return row

    def shot(self, name: str, *who: str) -> None:
        """Pictures of consoles at a turning point, with the ids each map drew beside those its store holds."""
        self.shots += 1
        for key in who or tuple(self.cast.desks):
            path = self.options.out / f"{self.shots:02d}-{name}-{key}.png"
            if self.options.headless:
                self.wait(f"a picture of {key}", partial(self._take, key, path), 60.0)
            shown, held = self.map_ids(key)
            picture = path.name if self.options.headless else None
            self.pictures.append({"step": name, "centre": key, "picture": picture, "drawn": shown, "held": held})

    def caption(self, text: str) -> None:
        """Name the step in every window that answers."""
        for program in self.cast.desks.values():
            with contextlib.suppress(NotRunning):
                program.ask("window", "say", text)

    def _take(self, who: str, path: Path) -> bool:
        self.ask(who, "window", "shot", str(path), "--width", "1920", "--height", "1080")
        return path.exists()

    def map_ids(self, who: str) -> tuple[list[str], list[str]]:
        """Ids drawn on a console's map, and ids of what its store holds with a place on the map."""
        shown = sorted(self.state(who).get("shown") or [])
        return shown, sorted(self.held(who))

    def held(self, who: str) -> set[str]:
        """Ids of the open records of a console's store that have a place on the map."""
        ids: set[str] = set()
        for kind in ("incident", "warning", "task", "resource"):
            for row in self.ask(who, kind, "list", "--open", "--limit", "500"):
                if row.get("position"):
                    ids.add(row["id"])
        return ids

    def digest(self, program: Program) -> str:
        """The digest for the town on one node."""
        (row,) = self.ask_program(program, "store", "digest", "--for", TOWN)
        return str(row["digest"])


def _told(text: str) -> FenghuoError:
    try:
        error = json.loads(text.strip().splitlines()[-1])["error"]
        return FenghuoError(error["message"], code=error["code"], safe=error["safe"], do=error["do"])
    except (ValueError, KeyError, IndexError):
        return FenghuoError(text.strip()[-500:] or "no reason was given")


def play(options: Options, say: Say) -> dict[str, Any]:
    """Play the whole story; returns the report, which is also written to `report.json`."""
    from console.demo.story import STEPS

    options.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-", dir=options.out))
    feed = FeedServer(dt.datetime.now(dt.UTC))
    cast = Cast(folder, options.headless, options.language)
    ledger = options.out / "acknowledged.txt"
    ledger.write_text("")
    this = Play(options, cast, feed, say, ledger)
    steps: list[dict[str, Any]] = []
    killer = Killer(this, options.kill_seed) if options.kill_seed is not None else None
    try:
        _raise_curtain(this)
        for name, (title, run) in STEPS.items():
            if killer:
                killer.step(name)
            steps.append(_step(this, name, title, run))
            if not steps[-1]["ok"]:
                break
        if killer:
            killer.finish()
        report = _report(this, steps, killer)
    finally:
        cast.close()
        feed.close()
        _keep_logs(this)
    (options.out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return report


def _raise_curtain(this: Play) -> None:
    this.say("founding three centres, starting three hubs and three consoles …")
    started = time.monotonic()
    this.cast.found(this.options.feed or this.feed.url)
    this.cast.start()
    this.say(f"  ready after {time.monotonic() - started:.1f} s")


def _step(this: Play, name: str, title: tuple[str, str], run: Callable[[Play], str]) -> dict[str, Any]:
    words = title[0] if this.options.language == "zh" else title[1]
    this.step = name
    this.say(f"▶ {name}: {words}")
    this.caption(words)
    started = time.monotonic()
    try:
        detail, ok = run(this), True
    except (FenghuoError, TimeoutError) as error:
        detail, ok = str(error), False
    seconds = round(time.monotonic() - started, 3)
    this.say(f"  {'ok' if ok else 'FAILED'} {seconds:.2f} s  {detail}")
    if not this.options.headless:
        time.sleep(this.options.pace_s)
    return {"name": name, "ok": ok, "seconds": seconds, "detail": detail}


def _report(this: Play, steps: list[dict[str, Any]], killer: Killer | None) -> dict[str, Any]:
    digests = {}
    if all(s["ok"] for s in steps):
        digests = {place.path: this.digest(this.cast.desks[place.key]) for place in PLACES}
    report: dict[str, Any] = {
        "steps": steps,
        "digest_for": TOWN,
        "digests": digests,
        "blocked_requests": sum(this.blocked.values()),
        "heal_to_agreement_s": this.facts.get("heal_s"),
        "acknowledged": len(this.acked),
        "lost": this.facts.get("lost", []),
        "pictures": this.pictures,
    }
    if killer:
        report["killed"] = killer.done
    return report


def _keep_logs(this: Play) -> None:
    for log in this.cast.folder.glob("*.log"):
        shutil.copy(log, this.options.out / log.name)
    if not this.options.keep:
        shutil.rmtree(this.cast.folder, ignore_errors=True)


class Killer:
    """Kills one process at a moment drawn from a seed, and starts it again: `kill -9`, whatever it is doing."""

    VICTIMS = ("city hub", "county hub", "town hub", "city console", "county console", "town console",
               "city renderer", "county renderer", "town renderer")  # fmt: skip

    def __init__(self, this: Play, seed: int) -> None:
        from console.demo.story import STEPS

        draw = random.Random(seed)
        self._this = this
        self._when = draw.choice(list(STEPS))
        self._delay_s = draw.uniform(0.0, 4.0)
        self._victim = draw.choice(self.VICTIMS)
        self._thread: threading.Thread | None = None
        self.done: dict[str, Any] = {
            "seed": seed,
            "step": self._when,
            "delay_s": round(self._delay_s, 3),
            "victim": self._victim,
        }

    def step(self, name: str) -> None:
        """A step begins; the moment may lie in it."""
        if name == self._when:
            self._thread = threading.Thread(target=self._strike, name="killer")
            self._thread.start()

    def _strike(self) -> None:
        time.sleep(self._delay_s)
        place, what = self._victim.split()
        program = (self._this.cast.hubs if what == "hub" else self._this.cast.desks)[place]
        if what == "renderer":
            pid = int(self._this.wait("a map page", lambda: self._this.state(place)["renderer"]))
            os.kill(pid, signal.SIGKILL)
            again = self._this.wait("another page", lambda: self._this.state(place)["renderer"] not in (0, pid))
            self.done["killed"] = bool(again)
            return
        started = time.monotonic()
        program.restart()
        self.done |= {"killed": True, "back_after_s": round(time.monotonic() - started, 2)}

    def finish(self) -> None:
        """Wait for the killing to be over and look once more that nothing acknowledged is lost."""
        if self._thread:
            self._thread.join()
        from console.demo.story import check_ledger

        check_ledger(self._this)
