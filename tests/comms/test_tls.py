"""Who the other side is: TLS 1.3 only, the realm's root as the only anchor, the key never plain on disk."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import pytest

from comms import tls
from comms.client import dial_trouble
from comms.errors import LinkRefused
from offline import founding
from offline.profile import Opened
from offline.trust import read_peer
from tests.helpers.desks import CITY, COUNTY, MEANS, NAMES, SECRET, TOWN


def found(folder: Path, path: str = CITY, parent: Opened | None = None) -> Opened:
    """A centre's desk."""
    return founding.found(folder, founding.NewCentre(path, *NAMES[path], SECRET), MEANS, parent)


def test_contexts_speak_only_tls_13_and_always_want_a_certificate(tmp_path: Path) -> None:
    with found(tmp_path / "a") as desk:
        both = tls.contexts(desk.store, desk.profile.path / "run", os.urandom)
        for context in (both.client, both.server):
            assert context.minimum_version is ssl.TLSVersion.TLSv1_3
            assert context.verify_mode is ssl.CERT_REQUIRED and not context.check_hostname
            assert len(context.get_ca_certs()) == 1, "the root and nothing else"


def test_the_key_is_locked_while_it_lies_on_disk_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bytes, int]] = []
    unlink = Path.unlink

    def look(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("tls-"):
            seen.append((path.read_bytes(), path.stat().st_mode & 0o777))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", look)
    with found(tmp_path / "a") as desk:
        tls.contexts(desk.store, desk.profile.path / "run", os.urandom)
        assert len(seen) == 2
        for data, mode in seen:
            assert b"ENCRYPTED PRIVATE KEY" in data and b"BEGIN PRIVATE KEY" not in data
            assert desk.store.node.seed not in data and (mode == 0o600 or os.name == "nt")
        assert not [p for p in (desk.profile.path / "run").iterdir() if p.name.startswith("tls-")]


async def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[bytes, bytes]:
    """One handshake over a real socket; each side's certificate as the other sees it."""
    met: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.set_result(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        writer.write(b"x")
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server)
    try:
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        try:
            assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
            theirs = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            await reader.readexactly(1)
        finally:
            writer.close()
        ours = await met
        await gone.wait()
        return theirs, ours
    finally:
        listening.close()
        await listening.wait_closed()


def test_nodes_of_one_realm_prove_their_names_across_levels(tmp_path: Path) -> None:
    with found(tmp_path / "a") as city, found(tmp_path / "b", COUNTY, city) as county:
        town = found(tmp_path / "c", TOWN, county)
        one = tls.contexts(city.store, city.profile.path / "run", os.urandom)
        other = tls.contexts(town.store, town.profile.path / "run", os.urandom)
        theirs, ours = asyncio.run(shake(one.server, other.client))
        assert (read_peer(theirs).centre, read_peer(ours).centre) == (CITY, TOWN)
        assert read_peer(ours).node == town.store.node.id.hex()
        town.close()


def test_another_realm_is_a_wrong_certificate_and_no_dead_line(tmp_path: Path) -> None:
    with found(tmp_path / "a") as mine, found(tmp_path / "b") as other:
        here = tls.contexts(mine.store, tmp_path, os.urandom)
        there = tls.contexts(other.store, tmp_path, os.urandom)
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            asyncio.run(shake(there.server, here.client))
        assert tls.ssl_trouble(caught.value) is caught.value
        assert tls.ssl_trouble(ConnectionResetError()) is None


def test_a_node_without_admission_has_no_certificate(tmp_path: Path) -> None:
    with found(tmp_path / "a") as desk:
        key = founding.centre_key(desk)
        desk.store.state_authority(key, "revoke", {"target": desk.store.node.id, "keeps": []})
        with pytest.raises(LinkRefused) as caught:
            tls.contexts(desk.store, tmp_path, os.urandom)
        assert caught.value.code == "not_admitted"


@pytest.mark.parametrize(
    ("own", "other", "good"),
    [
        (CITY, CITY, True),
        (CITY, COUNTY, True),
        (COUNTY, CITY, True),
        (COUNTY, TOWN, True),
        (TOWN, COUNTY, True),
        (CITY, TOWN, False),
        (TOWN, CITY, False),
        (COUNTY, "huaian/jinhu", False),
        (TOWN, "huaian/lianshui/x", False),
        (CITY, "huaia", False),
        ("a/b", "a/bc", False),
    ],
)
def test_only_neighbours_may_have_a_link(own: str, other: str, good: bool) -> None:
    assert tls.in_scope(own, other) is good


def test_certificate_hello_and_history_must_name_the_same_node(tmp_path: Path) -> None:
    with found(tmp_path / "a") as city, found(tmp_path / "b", COUNTY, city) as county:
        view = county.store.authority.now()
        mine, theirs = view.nodes[county.store.node.id], view.nodes[city.store.node.id]
        realm = county.store.realm
        peer = tls.Peer(realm.hex(), CITY, theirs.id.hex(), theirs.key)
        tls.check_peer(county.store, peer, realm, CITY, theirs.id)
        wrong = [
            (peer, bytes(32), CITY, theirs.id, "other_realm"),
            (tls.Peer("00" * 32, CITY, peer.node, peer.public), realm, CITY, theirs.id, "other_realm"),
            (peer, realm, CITY, mine.id, "certificate"),
            (peer, realm, COUNTY, theirs.id, "certificate"),
            (tls.Peer(peer.realm, CITY, peer.node, mine.key), realm, CITY, theirs.id, "certificate"),
            (tls.Peer(peer.realm, CITY, "11" * 32, peer.public), realm, CITY, b"\x11" * 32, "not_admitted"),
        ]
        for who, said_realm, centre, node, code in wrong:
            with pytest.raises(LinkRefused) as caught:
                tls.check_peer(county.store, who, said_realm, centre, node)
            assert caught.value.code == code


def test_a_tls_alert_from_a_hub_is_a_refusal(tmp_path: Path) -> None:
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]")
    lost = ConnectionError("gone")
    lost.__cause__ = alert
    assert dial_trouble(lost).code == "certificate" and isinstance(dial_trouble(lost), LinkRefused)
    assert dial_trouble(ConnectionRefusedError()).code == "unreachable"
    assert dial_trouble(TimeoutError()).code == "timeout"
