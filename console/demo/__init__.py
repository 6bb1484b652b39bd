"""The demonstration: city, county and town on this machine, with real hubs, consoles, windows and alerts.

`feed` serves alerts of ours; `cast` makes the throw-away profiles and keeps the processes (hubs, consoles) and the
relays that stand for the networks between centres; `story` is the plot, one function a step; `play` runs the steps,
writes down every acknowledged op, takes the pictures and the report. What a step asks of a console goes through that
console's own control socket and its own window: the demonstration has no other way in.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path


def run_demo(args: argparse.Namespace) -> int:
    """`fenghuo demo`: play the story; 0 when every step went well."""
    from console.demo.play import Options, play

    headless = bool(args.headless)
    out = Path(args.out) if args.out else Path(tempfile.mkdtemp(prefix="fenghuo-demo-"))
    options = Options(
        out=out.resolve(),
        headless=headless,
        feed=args.feed,
        language=args.language,
        kill_seed=args.kill_seed,
        keep=args.keep,
    )
    aside = sys.stderr if getattr(args, "json", False) else sys.stdout
    report = play(options, lambda text: print(text, file=aside, flush=True))
    print(f"{'pictures and report' if headless else 'report'}: {out}", file=aside, flush=True)
    if getattr(args, "json", False):
        sys.stdout.write((out / "report.json").read_text(encoding="utf-8") + "\n")
    return 0 if all(s["ok"] for s in report["steps"]) else 1
