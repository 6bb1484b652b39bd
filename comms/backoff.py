"""How long to wait before the next try at a link: a generator of seconds, its dice handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

FIRST_S = 0.2
YOUNG_CAP_S = 5.0  # a link that fell a minute ago will most likely be back in a moment
YOUNG_TRIES = 15
CAP_S = 15.0  # a link that has been away long must still be found soon after it heals
REFUSED_S = 60.0  # a refusal is a person's matter; trying again soon changes nothing
GROWTH = 2.0


def backoff(random: Callable[[int], bytes]) -> Iterator[float]:
    """Seconds to wait after each failure in a row, between half and the whole of a growing step.

    Args:
        random: gives n random bytes; spreads the tries of many nodes after a hub's restart.
    """
    step, tries = FIRST_S, 0
    while True:
        yield step * (0.5 + 0.5 * int.from_bytes(random(4), "big") / 2**32)
        tries += 1
        step = min(step * GROWTH, YOUNG_CAP_S if tries < YOUNG_TRIES else CAP_S)
