"""Feed states in the store's own table, so that a last good copy survives the program."""

from __future__ import annotations

import msgspec

from comms.feeds.poller import FeedState
from offline.store import Store


class StoreKeep:
    """A `FeedKeep` on a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_feed(self, source: str) -> FeedState | None:
        """The state last put, or None; one that another version wrote is fetched anew."""
        data = self._store.feed(source)
        if data is None:
            return None
        try:
            return msgspec.msgpack.decode(data, type=FeedState)
        except msgspec.MsgspecError:
            return None

    def put_feed(self, state: FeedState) -> None:
        """Keep the state; on disk on return."""
        self._store.keep_feed(state.source, msgspec.msgpack.encode(state))
