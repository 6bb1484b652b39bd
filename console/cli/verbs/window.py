"""Verbs on the open window of a running console: look at it, press its buttons, ask its map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.cli.run import Context
from offline.errors import Locked

WAIT_S = 60.0


def ask(verb: str, *names: str) -> Callable[[Context], None]:
    """The verb that hands its words to the window and prints what it answers."""

    def run(ctx: Context) -> None:
        if ctx.desk is None or ctx.desk.window is None:
            raise Locked("No window is open on this profile.", code="no_window", do="Start `fenghuo console` first.")
        given: dict[str, Any] = {
            n.lower(): getattr(ctx.args, n) for n in names if getattr(ctx.args, n, None) is not None
        }
        if "path" in given:
            given["path"] = str(ctx.path(given["path"]))
        ctx.one(ctx.desk.window.call(verb, given).result(WAIT_S))

    return run


VERBS = {
    ("window", "shot"): ask("shot", "path", "width", "height"),
    ("window", "state"): ask("state"),
    ("window", "press"): ask("press", "name"),
    ("window", "select"): ask("select", "ID"),
    ("window", "fill"): ask("fill", "name", "text"),
    ("window", "fit"): ask("fit"),
    ("window", "say"): ask("say", "text"),
    ("window", "probe"): ask("probe", "what", "args"),
}
