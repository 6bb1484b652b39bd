"""Keys at rest: the right secret opens, any other says so, and nothing secret lies open in a profile's folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline import vault as vaults
from offline.errors import BadInput, Locked, Malformed, NotFound, Refused
from offline.founding import Means, NewCentre, add_person, add_profile, centre_key, found
from offline.profile import Profile
from offline.trust import Key
from offline.vault import LIGHT, MAGIC, Cost, Inside, Shared, Vault
from tests.helpers.world import World
from tests.offline.conftest import fast_folder


def made(folder: Path, world: World) -> Vault:
    inside = Inside(b"m" * 32, b"p" * 32, b"c" * 32, b"")
    return Vault.create(
        folder / "vault", "张", "正确的秘密-12", inside, Shared(b"n" * 32, {"live": b"d" * 32}),
        random=world.means.random, cost=LIGHT,
    )  # fmt: skip


def test_each_secret_opens_its_own_slot_and_no_other(world: World) -> None:
    vault = made(world.folder, world)
    vault.add_slot("李", "another-secret", Inside(b"", b"q" * 32, b"", b""), cost=LIGHT)
    path, rnd = vault.path, world.means.random
    first = Vault.open(path, "正确的秘密-12", random=rnd)
    second = Vault.open(path, "another-secret", random=rnd)
    assert (first.opened, first.inside.person, first.inside.centre) == ("张", b"p" * 32, b"c" * 32)
    assert (second.opened, second.inside.person, second.inside.centre) == ("李", b"q" * 32, b"")
    assert first.shared == second.shared and vaults.names(path) == ["张", "李"]
    for secret, name in (("wrong-secret", None), ("another-secret", "张"), ("", None), ("another-secret", "王")):
        with pytest.raises(Locked) as caught:
            Vault.open(path, secret, name=name, random=rnd)
        assert caught.value.code == "wrong_secret"


@pytest.mark.parametrize("secret", ["", "short", "aaaaaaaaaaaa", "abababababab"])
def test_weak_secrets_leave_nothing_behind(world: World, secret: str) -> None:
    with pytest.raises(BadInput):
        found(world.folder / "weak", NewCentre("a", "市", "张", secret), world.means)
    assert not (world.folder / "weak").exists()
    city = world.centre("a")
    was = city.profile.slots()
    with pytest.raises(BadInput):
        add_person(city, "李", secret, ("duty",), "", world.means)
    with pytest.raises(BadInput):
        add_profile(city, world.folder / "hub", "hub", secret, world.means)
    assert city.profile.slots() == was and not (world.folder / "hub").exists()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_vault_is_locked_or_malformed(data: st.DataObject) -> None:
    folder = fast_folder()
    try:
        world = World(folder)
        path = made(folder, world).path
        raw = bytearray(path.read_bytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(bytes(raw))
        try:
            Vault.open(path, "正确的秘密-12", random=world.means.random)
        except (Locked, Malformed):
            pass
    finally:
        shutil.rmtree(folder)


def test_a_vault_that_asks_for_all_memory_is_refused(world: World) -> None:
    vault = made(world.folder, world)
    vault.file.slots[0].cost = Cost(2**31, 1, 1)
    vault.path.write_bytes(MAGIC + msgspec.msgpack.encode(vault.file))
    with pytest.raises(Malformed):
        Vault.open(vault.path, "正确的秘密-12", random=world.means.random)


def test_a_slot_and_a_vault_are_made_once(world: World) -> None:
    vault = made(world.folder, world)
    with pytest.raises(Locked):
        made(world.folder, world)
    with pytest.raises(Locked):
        vault.add_slot("张", "another-secret", vault.inside, cost=LIGHT)


# Founding


def test_a_hubs_folder_holds_no_centre_key(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    vault = Vault.open(hub.profile.path / "vault", world.secrets["a:hub"], random=world.means.random)
    assert vault.inside.centre == vault.inside.root == vault.inside.person == b""
    assert vault.shared.node == hub.store.node.seed != city.store.node.seed
    assert vault.shared.databases != city.vault.shared.databases
    assert city.store.authority.now().keepers["a"] == hub.store.node.id
    with pytest.raises(Refused):
        centre_key(hub)


def test_the_folder_shows_no_word_and_no_key_in_the_clear(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    county = world.centre("a/x")
    title = "canary-高沟堤防渗漏-canary"
    world.report(city, title, words=title * 20)
    world.do(city, "task.order", title=title, to="a/x")
    add_person(city, "赵", "secret-of-zhao", ("duty",), "13800000000", world.means)
    world.settle()
    secrets = [
        title.encode(),
        "堤防渗漏".encode(),
        b"13800000000",
        *(s.encode() for s in world.secrets.values()),
    ]
    for node in (city, hub, county):
        secrets += [node.store.node.seed, node.store._db_key, node.store.node.seed.hex().encode()]
        secrets += [s for s in (node.vault.inside.person, node.vault.inside.centre, node.vault.inside.root) if s]
    secrets += [s.hex().encode() for s in secrets if len(s) == 32]
    for node in (city, hub, county):
        files = [f for f in node.profile.path.rglob("*") if f.is_file()]
        assert any(f.name.endswith("-wal") for f in files), "the write-ahead log is looked at too"
        for file in files:
            data = file.read_bytes()
            assert not [s for s in secrets if s in data], file
        vault = node.profile.path / "vault"
        assert vault.stat().st_mode & 0o077 == 0 and node.profile.path.stat().st_mode & 0o077 == 0


def test_a_centre_is_founded_under_the_one_above_by_whoever_holds_its_key(world: World) -> None:
    city = world.centre("a")
    means = world.means

    def new(path: str, roles: tuple[str, ...] = ("duty",)) -> NewCentre:
        return NewCentre(path, "县", "李", "secret-9999", roles)

    for path, parent in (("a/x/y", city), ("b/x", city), ("a/x", None), ("A", None), ("a/../b", city)):
        with pytest.raises(Refused):
            found(world.folder / "no", new(path), means, parent)
    with pytest.raises(Refused):
        found(world.folder / "no", new("a/x", ("king",)), means, city)
    other = world.desk("a", "王")
    with pytest.raises(Refused):
        found(world.folder / "no", new("a/x"), means, other)
    assert not (world.folder / "no").exists()
    county = world.centre("a/x")
    assert county.store.realm == city.store.realm
    assert set(county.store.authority.now().centres) == {"a", "a/x"}


def test_two_cities_founded_apart_are_two_realms(world: World) -> None:
    one, two = world.centre("a"), found(world.folder / "b", NewCentre("a", "市", "张", "secret-9999"), world.means)
    assert one.store.realm != two.store.realm
    world.report(one, "t")
    out = one.store.outgoing("a", 0, "x")
    change = two.store.receive("x", out.statements, out.ops, out.sigs)
    assert not change and len(change.refused) == len(out.statements) + len(out.ops)
    two.close()


def test_a_new_person_signs_in_on_this_desk_and_is_known_by_name(world: World) -> None:
    city = world.centre("a")
    add_person(city, "赵", "secret-of-zhao", ("duty",), "", world.means)
    folder = city.profile.path
    city.close()
    desk = Profile.at(folder).unlock("secret-of-zhao", person="赵", wall=world.wall, random=world.means.random)
    world.nodes["a"] = desk
    record = world.report(desk, "t")
    assert desk.view().get(record.hex())["by"] == "赵" and desk.vault.inside.centre == b""
    with pytest.raises(Refused):
        add_person(desk, "钱", "secret-of-qian", ("duty",), "", world.means)
    assert desk.profile.slots() == ["officer-a", "赵"], "a refused person leaves no slot"


# One process owns a profile


def test_a_second_opening_is_refused_here_and_in_another_process(world: World) -> None:
    city = world.centre("a")
    with pytest.raises(Locked) as caught:
        Profile.at(city.profile.path).unlock(
            world.secrets["a"], person=None, wall=world.wall, random=world.means.random
        )
    assert caught.value.code == "in_use"
    code = (
        "import sys; from pathlib import Path; from offline.profile import Profile; from offline.errors import Locked\n"
        "try: Profile.at(Path(sys.argv[1])).own().close(); print('owned')\n"
        "except Locked as e: print(e.code)"
    )

    def other() -> str:
        run = subprocess.run([sys.executable, "-c", code, str(city.profile.path)], capture_output=True, text=True)
        return run.stdout.strip()

    assert other() == "in_use"
    city.close()
    assert other() == "owned"
    world.reopen("a")


def test_a_wrong_secret_gives_the_profile_up_again(world: World) -> None:
    city = world.centre("a")
    city.close()
    profile = Profile.at(city.profile.path)
    for _ in range(2):
        with pytest.raises(Locked) as caught:
            profile.unlock("wrong-secret", person=None, wall=world.wall, random=world.means.random)
        assert caught.value.code == "wrong_secret"
    with pytest.raises(NotFound):
        profile.unlock(world.secrets["a"], person=None, wall=world.wall, random=world.means.random, realm="drill-1")
    world.reopen("a")


def test_folders_that_are_no_profile_say_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Profile.at(tmp_path)
    (tmp_path / "config.toml").write_text("centre = [")
    with pytest.raises(BadInput):
        Profile.at(tmp_path)
    (tmp_path / "config.toml").write_text('centre = "a"')
    with pytest.raises(Locked):
        Profile.at(tmp_path).unlock("secret", person=None, wall=lambda: 0, random=bytes)
    with pytest.raises(Locked):
        Profile.make(tmp_path, {})


def test_keys_grow_from_their_seed() -> None:
    assert Key.from_seed(b"s" * 32).id == Key.from_seed(b"s" * 32).id != Key.from_seed(b"t" * 32).id
    assert isinstance(Means(lambda: 0, lambda n: bytes(n)).key(), Key)
