"""Verbs on the house itself: founding centres, people, links, the cache, map packs."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path

from console.cli.run import Context, profile_path, read_secret
from console.desk import wall_ms
from offline import founding
from offline.errors import BadInput, Refused
from offline.profile import Opened, Profile

OPS_FILE_MAX = 65_000_000  # a million ids


def means() -> founding.Means:
    """Real time, real randomness, full cost for whoever guesses."""
    return founding.Means(wall_ms, os.urandom)


def centre_init(ctx: Context) -> None:
    """Found a centre: its officer's desk and, when asked, its hub."""
    a = ctx.args
    secret = read_secret(getattr(a, "secret_file", None), "New secret: ")
    new = founding.NewCentre(
        a.centre, a.name or a.centre, a.person, secret, a.roles.split(","), a.phone, a.language
    )  # fmt: skip
    with ExitStack() as stack:
        parent = None
        if a.under:
            parent = stack.enter_context(_parent(Path(ctx.path(a.under)), a.under_secret_file, secret))
        folder = ctx.path(str(profile_path(a)))
        opened = stack.enter_context(founding.found(folder, new, means(), parent))
        hub = None
        if a.hub:
            hub_secret = read_secret(a.hub_secret_file, "") if a.hub_secret_file else secret
            hub = str(founding.add_profile(opened, ctx.path(a.hub), "hub", hub_secret, means()).path)
        made = {
            "centre": a.centre,
            "profile": str(folder),
            "hub": hub,
            "realm": opened.store.realm.hex(),
            "person": a.person,
        }
    ctx.one(made, f"{a.centre} is founded in {folder}" + (f", its hub in {hub}" if hub else ""))


def _parent(path: Path, secret_file: str | None, secret: str) -> Opened:
    given = read_secret(secret_file, "") if secret_file else secret
    return Profile.at(path).unlock(given, person=None, wall=wall_ms, random=os.urandom)


def add_node(ctx: Context) -> None:
    """A profile for another desk or hub of this centre."""
    a = ctx.args
    if (a.use == "desk") != bool(a.person):
        raise Refused("A desk needs a person, a hub has none.")
    secret = read_secret(str(ctx.path(a.node_secret_file)), "")
    profile = founding.add_profile(ctx.desk.opened, ctx.path(a.out), a.use, secret, means(), person=a.person)
    ctx.one({"profile": str(profile.path), "use": a.use}, f"{a.use} in {profile.path}")


def add_person(ctx: Context) -> None:
    """A person at this centre."""
    a = ctx.args
    secret = read_secret(str(ctx.path(a.new_secret_file)), "")
    who = founding.add_person(ctx.desk.opened, a.name, secret, a.roles.split(","), a.phone, means())
    ctx.one({"id": who.hex(), "kind": "person", "name": a.name}, f"{a.name} can sign in here")


def persons(ctx: Context) -> None:
    """People known here."""
    for row in ctx.desk.view.persons():
        ctx.one(row, f"{row['name']}  {','.join(row['roles'])}  [{row['centre']}]  {row['phone']}")


def centres(ctx: Context) -> None:
    """Centres known here."""
    for row in ctx.desk.view.centres():
        ctx.one(row, f"{row['path']}  {row['name']}  {row['as_of'] or 'never heard'}")


def sync_status(ctx: Context) -> None:
    """Links, how far each has stored our log, and since when we are alone."""
    desk = ctx.desk
    heard = {c["path"]: c["as_of"] for c in desk.view.centres()}
    status = {"centre": desk.centre, "links": desk.links(), "alone_since_ms": desk.alone_since(), "as_of": heard}
    lines = [
        f"{x['centre'] or x['url']}  {x['state']}  unsent {x['unsent']}  {x['reason'] or ''}" for x in desk.links()
    ]
    ctx.one(status, *(lines or ["no link runs"]))


def sync_once(ctx: Context) -> None:
    """Link to the hubs of this profile, exchange what there is, and stop."""
    from console.cli.programs import exchange

    done = asyncio.run(exchange(ctx.desk, ctx.args.seconds))
    why = [f"{x['url'] or x['peer']}: {x['state']} {x['reason'] or ''}" for x in done["links"] if x["state"] != "live"]
    ctx.one(done, f"{done['live']} of {done['hubs']} hubs reached, {done['unsent']} entries wait", *why)
    ctx.exit = 0 if done["live"] else 1


def digest(ctx: Context) -> None:
    """What two nodes compare."""
    row = ctx.desk.view.digest(ctx.args.for_centre)
    ctx.one(row, f"{row['digest']}  {row['records']} records for {row['centre']}")


def rebuild(ctx: Context) -> None:
    """Fold everything anew from the log."""
    count = ctx.desk.opened.store.rebuild()
    ctx.one({"records": count}, f"{count} records rebuilt")


def lacks(ctx: Context) -> None:
    """Which ops of a list are not stored here."""
    path = ctx.path(ctx.args.ops_file)
    try:
        if not path.is_file():  # a pipe or device would never end
            raise FileNotFoundError(path)
        with path.open(encoding="ascii") as file:
            ops = file.read(OPS_FILE_MAX).split()
        missing = ctx.desk.view.lacks(ops)
    except (OSError, ValueError) as error:
        raise BadInput(f"{ctx.args.ops_file} is no list of op ids.") from error
    ctx.one({"asked": len(ops), "lacks": missing}, f"{len(missing)} of {len(ops)} are not here")
    ctx.exit = 1 if missing and not ctx.json else 0


def packs(ctx: Context) -> None:
    """Map packs on this machine."""
    from map.packs import list_packs

    for pack in list_packs(ctx.desk.opened.profile.path / "packs"):
        ctx.one({"name": pack.name, "regions": pack.regions}, f"{pack.name}  {pack.regions} regions")


def import_pack(ctx: Context) -> None:
    """Import a boundary pack; what the file says it is measured in is converted once."""
    from map.datum import Datum
    from map.packs import import_boundaries

    folder = ctx.desk.opened.profile.path / "packs"
    pack = import_boundaries(ctx.path(ctx.args.file), folder, datum=Datum(ctx.args.datum))
    row = {"name": pack.name, "regions": pack.regions, "skipped": pack.skipped, "datum": str(pack.datum)}
    ctx.one(row, f"{pack.name}: {pack.regions} regions, {pack.skipped} left out")


VERBS = {
    ("centre", "init"): centre_init,
    ("centre", "add-node"): add_node,
    ("centre", "list"): centres,
    ("place", "list"): centres,
    ("person", "list"): persons,
    ("person", "add"): add_person,
    ("sync", "status"): sync_status,
    ("sync", "once"): sync_once,
    ("store", "digest"): digest,
    ("store", "rebuild"): rebuild,
    ("store", "lacks"): lacks,
    ("map", "packs"): packs,
    ("map", "import"): import_pack,
}
