"""The vault: keys at rest under the persons' secrets.

One file holds a slot for each person: their own key and the vault's master key, closed with argon2id over their secret.
Under the master key lie the node's key and the key of each realm's database. A centre's signing key lies in the slot of
the officer who may open it, and so never on a hub, whose vault has only a service slot.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from offline.errors import BadInput, Locked, Malformed

MAGIC = b"fenghuo vault 1\n"
SECRET_MIN = 8
COMMON = {
    "password", "password1", "12345678", "123456789", "1234567890", "qwertyui", "qwerty123", "qwertyuiop",
    "asdfghjk", "abcd1234", "abc12345", "iloveyou", "1q2w3e4r", "1qaz2wsx", "admin123", "admin1234",
    "welcome1", "a1234567", "a12345678", "aa123456", "woaini1314", "passw0rd", "p@ssw0rd",
}  # those that guessing starts with; not a measure of strength
VAULT_MAX = 1_000_000


class Cost(msgspec.Struct, array_like=True, frozen=True):
    """What argon2id spends: memory in KiB, passes, lanes."""

    memory_kib: int
    passes: int
    lanes: int


DUTY = Cost(64 * 1024, 4, 1)  # half a second or more on a desk of 2020
COST_MAX = Cost(1024 * 1024, 64, 16)  # a file that asks for more was tampered with
LIGHT = Cost(8, 1, 1)  # only for tests that open hundreds of vaults


class Slot(msgspec.Struct, array_like=True):
    """One secret's way in."""

    name: str
    salt: bytes
    cost: Cost
    nonce: bytes
    box: bytes


class Inside(msgspec.Struct, array_like=True):
    """What a slot holds: the master key, the person's own seed and, for an officer, the centre's (else empty)."""

    master: bytes
    person: bytes
    centre: bytes
    root: bytes


class Shared(msgspec.Struct, array_like=True):
    """What the master key holds: the node's seed and each realm's database key."""

    node: bytes
    databases: dict[str, bytes]


class File(msgspec.Struct, array_like=True):
    """The vault's file."""

    slots: list[Slot]
    nonce: bytes
    box: bytes


@dataclass
class Vault:
    """An open vault."""

    path: Path
    file: File
    inside: Inside
    shared: Shared
    opened: str = ""
    """Name of the slot it was opened by."""
    random: Callable[[int], bytes] = field(default=os.urandom)

    @classmethod
    def create(
        cls,
        path: Path,
        name: str,
        secret: str,
        inside: Inside,
        shared: Shared,
        *,
        random: Callable[[int], bytes],
        cost: Cost = DUTY,
    ) -> Vault:
        """A new vault with one slot; BadInput when the secret is too weak, Locked when there is one already."""
        if path.exists():
            raise Locked("There is already a vault in this profile.", code="exists", do="Choose another folder.")
        vault = cls(path, File([], b"", b""), inside, shared, name, random)
        vault.add_slot(name, secret, inside, cost=cost)
        return vault

    @classmethod
    def open(cls, path: Path, secret: str, *, name: str | None = None, random: Callable[[int], bytes]) -> Vault:
        """Open with a person's secret (that slot only when a name is given); Locked when it opens nothing."""
        file = _read(path)
        for slot in file.slots:
            if name in (None, slot.name):
                inside = _unlock(slot, secret)
                if inside:
                    return cls(path, file, inside, _shared(file, inside.master), slot.name, random)
        raise Locked("This secret opens nothing here.", code="wrong_secret", do="Check the person and the secret.")

    def add_slot(self, name: str, secret: str, inside: Inside, *, cost: Cost = DUTY) -> None:
        """Let another secret in; its slot keeps that person's own key."""
        check_secret(secret)
        if any(s.name == name for s in self.file.slots):
            raise Locked(f"{name} has a slot in this vault already.", code="exists", do="Remove that slot first.")
        salt, nonce = self.random(16), self.random(12)
        inside = Inside(self.inside.master, inside.person, inside.centre, inside.root)  # one master key for all slots
        box = ChaCha20Poly1305(_derive(secret, salt, cost)).encrypt(
            nonce, msgspec.msgpack.encode(inside), MAGIC + name.encode()
        )
        self.file.slots.append(Slot(name, salt, cost, nonce, box))
        self.save()

    def save(self) -> None:
        """Write the file anew, whole or not at all."""
        nonce = self.random(12)
        self.file.nonce = nonce
        self.file.box = ChaCha20Poly1305(self.inside.master).encrypt(nonce, msgspec.msgpack.encode(self.shared), MAGIC)
        replace_file(self.path, MAGIC + msgspec.msgpack.encode(self.file))

    @property
    def names(self) -> list[str]:
        """Names of the slots."""
        return [s.name for s in self.file.slots]


def check_secret(secret: str) -> None:
    """BadInput for a secret too weak to guard a folder that may be stolen."""
    if len(secret) < SECRET_MIN or len(set(secret)) < 4 or secret.lower() in COMMON:
        raise BadInput(
            f"The secret is too weak: at least {SECRET_MIN} characters, not the same few over and over.",
            code="weak_secret",
        )


def names(path: Path) -> list[str]:
    """Names of the slots of a closed vault."""
    return [s.name for s in _read(path).slots]


def _read(path: Path) -> File:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise Locked(
            "There is no vault in this profile.", code="no_vault", do="Run `fenghuo centre init` first."
        ) from error
    if not data.startswith(MAGIC) or len(data) > VAULT_MAX:
        raise Malformed("The vault's file is not one of ours.", code="bad_vault", do="Restore it from a backup.")
    try:
        return msgspec.msgpack.decode(data[len(MAGIC) :], type=File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed("The vault's file is damaged.", code="bad_vault", do="Restore it from a backup.") from error


def _unlock(slot: Slot, secret: str) -> Inside | None:
    try:
        key = _derive(secret, slot.salt, slot.cost)
        data = ChaCha20Poly1305(key).decrypt(slot.nonce, slot.box, MAGIC + slot.name.encode())
        return msgspec.msgpack.decode(data, type=Inside)
    except InvalidTag:
        return None
    except (ValueError, msgspec.MsgspecError) as error:  # salt, cost or nonce that no vault of ours has
        raise Malformed("The vault's file is damaged.", code="bad_vault", do="Restore it from a backup.") from error


def _shared(file: File, master: bytes) -> Shared:
    try:
        return msgspec.msgpack.decode(ChaCha20Poly1305(master).decrypt(file.nonce, file.box, MAGIC), type=Shared)
    except (InvalidTag, ValueError, msgspec.MsgspecError) as error:
        raise Malformed("The vault's file is damaged.", code="bad_vault", do="Restore it from a backup.") from error


def _derive(secret: str, salt: bytes, cost: Cost) -> bytes:
    if cost.memory_kib > COST_MAX.memory_kib or cost.passes > COST_MAX.passes or cost.lanes > COST_MAX.lanes:
        raise ValueError("a cost beyond any of ours")
    kdf = Argon2id(salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return kdf.derive(secret.encode())


def replace_file(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all, for its owner only, and have the folder entry on disk too."""
    part = path.with_name(path.name + ".part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    with contextlib.suppress(OSError):  # Windows cannot open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
