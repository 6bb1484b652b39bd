"""A profile: the folder of one node, and what it takes to open it.

`config.toml` (centre, hubs, language, theme), `vault`, `live.db`, `drill-NAME.db`, `blobs/`, `packs/`, `log/`, `run/`;
no state elsewhere. One process owns a profile at a time.
"""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from offline import vault as vaults
from offline.clock import WallMs
from offline.errors import BadInput, Locked, NotFound
from offline.store import Random, Store
from offline.trust import Key
from offline.vault import Vault, replace_file
from offline.view import View

LIVE = "live"
FOLDERS = ("blobs", "packs", "log", "run")


@dataclass
class Profile:
    """A profile's folder and settings; closed until `unlock`."""

    path: Path
    config: dict[str, Any]

    @classmethod
    def at(cls, path: Path) -> Profile:
        """The profile in this folder; NotFound when there is none."""
        try:
            config = tomllib.loads((path / "config.toml").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFound(
                f"There is no profile in {path}.", code="no_profile", do="Run `fenghuo centre init` first."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise BadInput(f"config.toml of {path} cannot be read: {error}.") from error
        return cls(path, config)

    @classmethod
    def make(cls, path: Path, config: dict[str, Any]) -> Profile:
        """A new folder with its settings; Locked when a profile is there already."""
        if (path / "config.toml").exists() or (path / "vault").exists():
            raise Locked(f"There is already a profile in {path}.", code="exists", do="Choose another folder.")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in FOLDERS:
            (path / name).mkdir(exist_ok=True, mode=0o700)
        profile = cls(path, config)
        profile.save()
        return profile

    def save(self) -> None:
        """Write the settings, whole or not at all."""
        replace_file(self.path / "config.toml", tomli_w.dumps(self.config).encode())

    @property
    def centre(self) -> str:
        """The path of the centre this node serves."""
        return str(self.config["centre"])

    def database(self, realm: str = LIVE) -> Path:
        """The file of a realm's cache."""
        return self.path / ("live.db" if realm == LIVE else f"drill-{realm}.db")

    @property
    def socket(self) -> Path:
        """Where the running program of this profile listens for verbs."""
        return self.path / "run" / "control.sock"

    def own(self) -> Ownership:
        """Become the one process that has this profile open; Locked when another has it."""
        return Ownership(self.path / "run" / "owner")

    def unlock(self, secret: str, *, person: str | None, wall: WallMs, random: Random, realm: str = LIVE) -> Opened:
        """Open vault and cache and sign the slot's person in; Locked for a wrong secret or when open elsewhere."""
        owner = self.own()
        try:
            vault = Vault.open(self.path / "vault", secret, name=person, random=random)
            node = Key.from_seed(vault.shared.node)
            key = vault.shared.databases.get(realm)
            if key is None:
                raise NotFound(f"This profile has no realm {realm}.")
            store = Store.open(self.database(realm), key, node, wall=wall, random=random)
            try:
                if vault.inside.person:
                    store.sign_in(Key.from_seed(vault.inside.person))
            except BaseException:
                store.close()
                raise
        except BaseException:
            owner.close()
            raise
        return Opened(self, vault, store, owner, realm)

    def slots(self) -> list[str]:
        """Names of those who can open this profile."""
        return vaults.names(self.path / "vault")


@dataclass
class Opened:
    """An open profile: vault, store, and who is signed in."""

    profile: Profile
    vault: Vault
    store: Store
    owner: Ownership
    realm: str = LIVE
    views: list[View] = field(default_factory=list)

    @property
    def centre(self) -> str:
        """The centre this node serves."""
        return self.profile.centre

    def view(self) -> View:
        """A view for the calling thread; closed with the profile."""
        view = View(self.store.reader(), self.store.authority, self.centre, self.store.wall)
        self.views.append(view)
        return view

    def close(self) -> None:
        """Close everything; what was acknowledged stays."""
        for view in self.views:
            view.close()
        self.store.close()
        self.owner.close()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Ownership:
    """A lock on a file that the system itself releases when the process dies."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._fd)
        except OSError as error:
            os.close(self._fd)
            raise Locked(
                "Another program has this profile open.", code="in_use", do="Close it, or let it carry out the command."
            ) from error

    def close(self) -> None:
        """Give the profile up."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
