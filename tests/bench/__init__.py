"""The benches: ratios measured side by side in one run, because machines are noisy.

Each bench is a function of a size that returns `{ratios, figures}`; `main` prints them. `smoke` runs each at its
smallest, to prove that it runs and that its ratios are numbers; it times nothing against a limit.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from typing import Any

from tests.bench import ground

Bench = Callable[[int], dict[str, Any]]
BENCHES: dict[str, tuple[Bench, int, int]] = {
    # name: (function, size, smallest size)
    "startup": (ground.startup, 9, 3),
    "catchup": (ground.catchup, 20_000, 600),
    "search": (ground.search, 20_000, 600),
    "bbox": (ground.bbox, 20_000, 600),
}


def main(name: str, *, as_json: bool = False) -> int:
    """Run a bench by name and print its ratios; returns the exit code."""
    if name == "smoke":
        return _smoke()
    if name not in BENCHES:
        print(f"There is no bench {name}; there are: {', '.join(BENCHES)}, smoke.", file=sys.stderr)
        return 2
    run, size, _ = BENCHES[name]
    _print(name, run(size), as_json)
    return 0


def _smoke() -> int:
    for name, (run, _, least) in BENCHES.items():
        result = run(least)
        assert result["ratios"] and all(isinstance(v, float) and v > 0 for v in result["ratios"].values()), name
        _print(name, result, as_json=True)
    return 0


def _print(name: str, result: dict[str, Any], as_json: bool) -> None:
    out = {"bench": name, **result}
    if as_json:
        print(json.dumps(out))
        return
    for key, value in result["ratios"].items():
        print(f"{name:<10} {key:<20} {value:8.2f}")
    for key, value in result["figures"].items():
        print(f"{name:<10} {key:<20} {value}")


def median(values: list[float]) -> float:
    """The median."""
    return float(statistics.median(values))
