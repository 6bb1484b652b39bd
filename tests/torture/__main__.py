"""`python -m tests.torture short|histories|kill|bytes [count] [seed]`: one line of figures, exit 0 only if clean."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.torture import damage, histories, kill

SHORT_S = 25.0  # histories are played for that long in `short`


def main(argv: list[str]) -> int:
    what = argv[0] if argv else "short"
    count = int(argv[1]) if len(argv) > 1 else 0
    seed = int(argv[2]) if len(argv) > 2 else 0
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-torture-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    figures: Counter[str] = Counter()
    try:
        if what in ("short", "bytes"):
            figures.update(damage.run(folder / "bytes", count or 3000, seed))
        if what in ("short", "kill"):
            figures.update(kill.run(folder / "kill", count or 8, seed))
        if what in ("short", "histories"):
            play(folder, count, seed, figures)
        clean = what in ("short", "bytes", "kill", "histories")
    except histories.Broken as error:
        print(f"BROKEN {error}", file=sys.stderr)
        clean = False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    took = time.monotonic() - started
    print(
        f"torture {what}: {'clean' if clean else 'BROKEN'} in {took:.1f} s;", *(f"{k}={v}" for k, v in figures.items())
    )
    return 0 if clean else 1


def play(folder: Path, count: int, seed: int, figures: Counter[str]) -> None:
    """`count` histories, or as many as fit the time of `short`."""
    end = time.monotonic() + SHORT_S
    done = 0
    while (done < count) if count else (time.monotonic() < end):
        figures.update(histories.run(folder, seed + done))
        done += 1
        figures["histories"] = done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
