"""Two sessions without sockets: say what is sent, doubled or lost between them, and read what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from comms import protocol
from comms.protocol import Frame
from comms.session import Event, HelloCame, Limits, LocalFacts, Session
from offline.store import Cursor

REALM = bytes(range(32))
E = TypeVar("E")


def node_id(name: str) -> bytes:
    """A node id made from a name."""
    return name.encode().ljust(32, b"\0")


def facts(
    name: str, *, log_end: int = 0, cursor: Cursor | None = None, proof: Sequence[bytes] = (b"proof",)
) -> LocalFacts:
    """What a side says of itself."""
    return LocalFacts(
        REALM, "huaian", node_id(name), f"epoch of {name}", log_end, list(proof), cursor, {}, lambda: 1_000
    )


class Side:
    """One session with the events it gave and the frames it wants sent."""

    def __init__(self, local: LocalFacts, limits: Limits | None = None) -> None:
        self.session = Session(local, 0, limits)
        self.events: list[Event] = self.session.events()
        self.out: list[bytes] = []

    def gather(self) -> None:
        """Collect events of intentions and frames to send."""
        self.events += self.session.events()
        while frames := self.session.frames_to_send():
            self.out += frames

    def take(self, data: bytes | str, now: int) -> None:
        """One frame comes in."""
        self.events += self.session.receive_frame(data, now)

    def came(self, kind: type[E]) -> list[E]:
        """Events of one kind so far."""
        return [e for e in self.events if isinstance(e, kind)]

    def said(self, kind: type[E]) -> list[E]:
        """Frames of one kind that wait to be sent."""
        self.gather()
        return [f for f in map(protocol.decode, self.out) if isinstance(f, kind)]

    def hears(self, frame: Frame, now: int = 0) -> None:
        """The other side (made up by the test) says this."""
        self.take(protocol.encode(frame), now)


class Playbook:
    """Two sides and a clock: `pass_on()` carries frames until both are quiet."""

    def __init__(self, left: LocalFacts, right: LocalFacts, limits: Limits | None = None) -> None:
        self.now = 0
        self.left, self.right = Side(left, limits), Side(right, limits)

    def pass_on(self) -> None:
        """Carry everything over, both ways, until nothing is left to say."""
        for _ in range(100):
            self.left.gather()
            self.right.gather()
            if not self.left.out and not self.right.out:
                return
            for one, other in ((self.left, self.right), (self.right, self.left)):
                frames, one.out = one.out, []
                for frame in frames:
                    other.take(frame, self.now)
        raise AssertionError("the two sides never fall silent")

    def greet(self) -> None:
        """Both say hello and admit each other."""
        self.pass_on()
        for side in (self.left, self.right):
            assert side.came(HelloCame), side.events
            side.session.admit()

    def wait(self, ms: int, step: int = 100) -> None:
        """Let time pass for both, with frames carried."""
        until = self.now + ms
        while self.now < until:
            self.now += step
            for side in (self.left, self.right):
                side.events += side.session.time_passed(self.now)
            self.pass_on()


def batch(**more: Any) -> protocol.Batch:
    """A small batch; give what differs."""
    kept: dict[str, Any] = {
        "from_pos": 0,
        "upto": 3,
        "run": b"r" * 32,
        "epoch": "e",
        "final": True,
        "statements": [],
        "ops": [],
        "sigs": [],
    }
    return protocol.Batch(**{**kept, **more})
