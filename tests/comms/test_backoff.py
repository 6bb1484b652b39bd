"""The wait between tries: growing, spread, bounded, and short while a link is young."""

from __future__ import annotations

import itertools
import os

from comms.backoff import CAP_S, FIRST_S, YOUNG_CAP_S, YOUNG_TRIES, backoff


def test_waits_grow_to_the_young_cap_and_then_to_the_cap() -> None:
    waits = list(itertools.islice(backoff(lambda n: b"\xff" * n), YOUNG_TRIES + 5))
    assert waits[0] <= FIRST_S and waits[1] > waits[0]
    assert max(waits[:YOUNG_TRIES]) <= YOUNG_CAP_S and max(waits) <= CAP_S
    assert waits[-1] > 0.99 * CAP_S


def test_many_nodes_do_not_come_back_at_once() -> None:
    first = [next(backoff(os.urandom)) for _ in range(200)]
    assert min(first) >= FIRST_S / 2 and max(first) <= FIRST_S
    assert max(first) - min(first) > FIRST_S / 4
