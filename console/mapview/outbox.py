"""What the page has still to be told: the newest state per id, cut into messages of bounded size. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from map.features import Feature

MAX_BATCH = 5_000  # features in one message: about 2 MB of text and 20 ms of work on either side
MAX_IN_FLIGHT = 3  # messages the page has not taken in yet; a stalled page costs no memory here


class Outbox:
    """Coalesces changes per id and hands out numbered messages `{seq, reset, upserts, removes}` as JSON text.

    Attributes:
        seq: number of the last message handed out, commands among them; grows through reloads of the page.
    """

    def __init__(self) -> None:
        self.seq = 0
        self._applied = 0
        self._reset = False
        self._pending: dict[str, Feature | None] = {}
        self._encode = msgspec.json.Encoder().encode

    def put(self, feature: Feature) -> None:
        """A feature is new or changed."""
        self._pending[feature["id"]] = feature

    def drop(self, id_: str) -> None:
        """A feature is gone."""
        self._pending[id_] = None

    def restart(self, features: Mapping[str, Feature]) -> None:
        """The page knows nothing: begin again with everything there is."""
        self._pending = dict(features)
        self._reset = True
        self._applied = self.seq

    def taken_in(self, seq: int) -> None:
        """The page has taken in message `seq`."""
        self._applied = max(self._applied, min(seq, self.seq))

    @property
    def waiting(self) -> bool:
        """Whether something is still to be told."""
        return bool(self._pending) or self._reset

    def number(self) -> int:
        """The number for a message that goes beside the features: a command."""
        self.seq += 1
        return self.seq

    def next(self) -> str | None:
        """The next message, or None: nothing to tell, or the page has to catch up first."""
        if not self.waiting or self.seq - self._applied >= MAX_IN_FLIGHT:
            return None
        ids = list(self._pending)[:MAX_BATCH]
        batch = {id_: self._pending.pop(id_) for id_ in ids}
        message = {
            "seq": self.number(),
            "reset": self._reset,
            "upserts": [feature for feature in batch.values() if feature is not None],
            "removes": [id_ for id_, feature in batch.items() if feature is None],
        }
        self._reset = False
        return self._encode(message).decode()
