"""Founding: a new centre with its officer, its desk and its hub, signed by the centre above (or by a new root).

The centre's signing key goes into the officer's slot of the desk's vault; the hub's folder has a node key and a service
slot, and never that key. Each new node starts with the authority history it needs to prove itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offline.authority import above, check_path, found_realm
from offline.clock import WallMs
from offline.errors import Refused
from offline.profile import LIVE, Opened, Profile
from offline.rules.roles import ROLES
from offline.store import Random, Store
from offline.trust import Key, issue_ca, issue_node
from offline.vault import DUTY, Cost, Inside, Shared, Vault, check_secret

HUB_SLOT = "hub"
ROOT_NAME = "fenghuo root"


@dataclass(frozen=True)
class Means:
    """What founding needs from outside: time, randomness, and what a guess at a secret shall cost."""

    wall: WallMs
    random: Random
    cost: Cost = DUTY

    def key(self) -> Key:
        """A new key."""
        return Key.from_seed(self.random(32))

    def now(self) -> dt.datetime:
        """The wall clock as a date."""
        return dt.datetime.fromtimestamp(self.wall() / 1000, dt.UTC)


@dataclass(frozen=True)
class NewCentre:
    """A centre to found: its path and name, and its first officer with a secret and roles."""

    path: str
    name: str
    person: str
    secret: str
    roles: Sequence[str] = ("duty", "leader", "security")
    phone: str = ""
    language: str = "zh"


def found(folder: Path, new: NewCentre, means: Means, parent: Opened | None = None) -> Opened:
    """Found a centre and open its desk; Refused when the parent is not the one above it or holds no key to sign."""
    check_path(new.path)
    check_roles(new.roles)
    check_secret(new.secret)
    key, person, node = means.key(), means.key(), means.key()
    root, genesis, history = _root_of(new, means, parent)
    profile = Profile.make(folder, _config(new.path, new.language, "desk"))
    inside = Inside(means.random(32), person.seed, key.seed, root.seed if root else b"")
    shared = Shared(node.seed, {LIVE: means.random(32)})
    vault = Vault.create(folder / "vault", new.person, new.secret, inside, shared, random=means.random, cost=means.cost)
    store = Store.open(
        profile.database(), shared.databases[LIVE], node, wall=means.wall, random=means.random, genesis=genesis
    )
    store.admit(history)
    _grant_centre(new, key, means, root, parent, store)
    add_node(store, key, new.path, node, "desk", "desk-1", means)
    _grant_person(store, key, new.path, person, new.person, new.roles, new.phone)
    store.state_authority(key, "keeper", {"centre": new.path, "node": node.id})
    store.sign_in(person)
    return Opened(profile, vault, store, profile.own())


def _config(path: str, language: str, use: str) -> dict[str, Any]:
    return {"centre": path, "use": use, "language": language, "theme": "day", "hubs": []}


def _root_of(new: NewCentre, means: Means, parent: Opened | None) -> tuple[Key | None, bytes, list[bytes]]:
    """The root key when this is the first centre, the realm's founding statement, and the history to start from."""
    if parent is None:
        if above(new.path):
            raise Refused(f"{new.path} stands under {above(new.path)[0]}; name its profile.", code="no_parent")
        root = means.key()
        cert = issue_ca(ROOT_NAME, root.public, ROOT_NAME, root, means.now()).decode()
        return root, found_realm("live", root, means.random(16), (means.wall(), 0), cert), []
    if (above(new.path) or [""])[0] != parent.centre:
        raise Refused(f"{new.path} does not stand directly under {parent.centre}.", code="wrong_parent")
    if not parent.vault.inside.centre:
        raise Refused("The person signed in at the parent does not hold its signing key.", code="no_centre_key")
    statements = parent.store.authority.order(parent.store.authority.statements)
    return None, statements[0].wire, [s.wire for s in statements[1:]]


def _grant_centre(
    new: NewCentre, key: Key, means: Means, root: Key | None, parent: Opened | None, store: Store
) -> None:
    issuer = root or Key.from_seed(parent.vault.inside.centre)  # type: ignore[union-attr]
    above_name = ROOT_NAME if root else parent.centre  # type: ignore[union-attr]
    cert = issue_ca(new.path, key.public, above_name, issuer, means.now()).decode()
    data = {"path": new.path, "key": key.public, "name": new.name, "cert": cert}
    if parent is None:
        store.state_authority(issuer, "centre", data)
    else:
        store.admit([parent.store.state_authority(issuer, "centre", data)])


def add_node(store: Store, centre_key: Key, path: str, node: Key, use: str, name: str, means: Means) -> bytes:
    """Admit a node to a centre; returns the statement."""
    cert = issue_node(store.realm, path, node.public, centre_key, means.now()).decode()
    return store.state_authority(
        centre_key, "node", {"key": node.public, "centre": path, "use": use, "name": name, "cert": cert}
    )


def _grant_person(
    store: Store, centre_key: Key, path: str, person: Key, name: str, roles: Sequence[str], phone: str
) -> bytes:
    data = {"key": person.public, "centre": path, "name": name, "roles": list(roles), "phone": phone}
    return store.state_authority(centre_key, "person", data)


def check_roles(roles: Sequence[str]) -> None:
    """Refused for a role that no table knows."""
    unknown = [r for r in roles if r not in ROLES]
    if unknown or not roles:
        raise Refused(
            f"There is no role {', '.join(unknown) or '(none given)'}; choose of {', '.join(ROLES)}.", code="no_role"
        )


def centre_key(opened: Opened) -> Key:
    """The centre's signing key, out of the slot of the officer signed in; Refused for anybody else."""
    if not opened.vault.inside.centre:
        raise Refused("Only an officer who holds the centre's signing key may do that.", code="no_centre_key")
    return Key.from_seed(opened.vault.inside.centre)


def add_person(opened: Opened, name: str, secret: str, roles: Sequence[str], phone: str, means: Means) -> bytes:
    """A new person at this centre with a slot of their own in this node's vault; returns their id."""
    check_roles(roles)
    person, signer = means.key(), centre_key(opened)
    opened.vault.add_slot(name, secret, Inside(b"", person.seed, b"", b""), cost=means.cost)
    _grant_person(opened.store, signer, opened.centre, person, name, roles, phone)
    return person.id


def add_profile(
    opened: Opened, folder: Path, use: str, secret: str, means: Means, *, person: str | None = None
) -> Profile:
    """A folder for another node of this centre: a hub (service slot) or a desk (slot of a new person).

    A hub becomes the keeper of the centre's resources.
    """
    check_secret(secret)
    signer, node = centre_key(opened), means.key()
    seeds = means.key() if person else None
    profile = Profile.make(folder, _config(opened.centre, str(opened.profile.config.get("language", "zh")), use))
    inside = Inside(means.random(32), seeds.seed if seeds else b"", b"", b"")
    shared = Shared(node.seed, {LIVE: means.random(32)})
    Vault.create(folder / "vault", person or HUB_SLOT, secret, inside, shared, random=means.random, cost=means.cost)
    number = sum(n.centre == opened.centre and n.use == use for n in opened.store.authority.now().nodes.values()) + 1
    add_node(opened.store, signer, opened.centre, node, use, f"{use}-{number}", means)
    if seeds and person:
        _grant_person(opened.store, signer, opened.centre, seeds, person, ("duty",), "")
    if use == "hub":
        opened.store.state_authority(signer, "keeper", {"centre": opened.centre, "node": node.id})
    statements = [s.wire for s in opened.store.authority.order(opened.store.authority.statements)]
    store = Store.open(
        profile.database(), shared.databases[LIVE], node, wall=means.wall, random=means.random, genesis=statements[0]
    )
    store.admit(statements[1:])
    store.close()
    return profile
