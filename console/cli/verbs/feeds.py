"""Verbs on alerts from outside: read CAP files, poll feeds. Without a profile they store nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from comms.feeds.cap import import_line
from console.actions import propose
from console.cli.run import Context
from offline.errors import FenghuoError

FEEDS_MAX = 50


def import_files(ctx: Context) -> None:
    """`warning import FILE…`: one line a file; exit 0 when every file got its line."""
    for name in ctx.args.files:
        result = import_line(ctx.path(name))
        result["file"] = name
        ctx.one(_kept(ctx, result), None if ctx.json else _sentence(result, name))


def poll(ctx: Context) -> None:
    """`feed poll URL|FILE`: one line for each alert or refusal."""
    from console.cli.programs import read_once  # the links come with it; a verb on files alone need not load them

    source = ctx.args.source
    if "://" not in source:
        source = str(ctx.path(source))
    for result in asyncio.run(read_once(ctx.desk, source)):
        ctx.one(result, None if ctx.json else _sentence(result, result.get("title") or source))


def _kept(ctx: Context, result: dict[str, Any]) -> dict[str, Any]:
    """Store an accepted alert as a proposal when there is a profile; says whether it was stored."""
    result["stored"] = False
    if ctx.desk is not None and result["accepted"] and result["alert"]:
        try:
            result["stored"] = propose(ctx.desk, result["alert"]) is not None
        except FenghuoError as error:
            result["reason"] = error.message
    return result


def _sentence(result: dict[str, Any], name: str) -> str:
    if not result["accepted"]:
        return f"refused   {name}: {result['reason']}"
    infos = (result["alert"] or {}).get("infos") or [{}]
    what = infos[0].get("headline") or infos[0].get("event") or ""
    return f"{'stored' if result['stored'] else 'read'}      {name}: {what}"


def add(ctx: Context) -> None:
    """`feed add URL|FILE`: the console of this profile polls it from now on."""
    config = ctx.desk.opened.profile.config
    source = ctx.args.source if "://" in ctx.args.source else str(ctx.path(ctx.args.source))
    feeds = [*[f for f in config.get("feeds", []) if f != source][: FEEDS_MAX - 1], source]
    config["feeds"] = feeds
    ctx.desk.opened.profile.save()
    ctx.one({"feeds": feeds}, f"{len(feeds)} feeds; the next is read when the console polls")


def show(ctx: Context) -> None:
    """`feed list`: each feed with when it was last read and what was wrong."""
    from comms.feeds.keep import StoreKeep
    from comms.feeds.poller import FeedState

    for source in ctx.desk.opened.profile.config.get("feeds", []):
        kept = StoreKeep(ctx.desk.opened.store).get_feed(source) or FeedState(source)
        row = {"source": source, "good_at": kept.good_at, "failures": kept.failures, "error": kept.error}
        ctx.one(row, f"{source}  {kept.error or kept.good_at or 'not read yet'}")


VERBS = {
    ("warning", "import"): import_files,
    ("feed", "poll"): poll,
    ("feed", "add"): add,
    ("feed", "list"): show,
}
