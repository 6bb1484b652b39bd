"""Mutual TLS 1.3 from the store's own certificates, and who the other side is by its certificate.

The only anchor is the realm's root. Host names are not checked: the node named in the peer's certificate is, against
the authority history. The private key touches the disk only locked with a password made for the moment.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comms.errors import LinkRefused
from offline.authority import above
from offline.errors import FenghuoError
from offline.store import Store
from offline.trust import Key, Peer, private_pem, read_peer


@dataclass(frozen=True)
class Contexts:
    """TLS for dialling and for listening."""

    client: ssl.SSLContext
    server: ssl.SSLContext


def contexts(store: Store, folder: Path, random: Callable[[int], bytes]) -> Contexts:
    """Both contexts of this node; LinkRefused when no centre admits it (any more).

    Args:
        folder: where the locked key lies for a moment, the profile's `run/`.
    """
    chain = store.authority.certificates(store.node.id)
    if len(chain) < 3 or not all(chain):
        raise LinkRefused("This node has no certificate of the realm.", code="not_admitted")
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (client, server):
        _set_up(context, chain, store.node, folder, random)
    server.num_tickets = 0  # each connection shows its certificate anew
    return Contexts(client, server)


def _set_up(context: ssl.SSLContext, chain: list[str], key: Key, folder: Path, random: Callable[[int], bytes]) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=chain[-1])
    password = random(32).hex()
    path = folder / f"tls-{random(8).hex()}.pem"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(private_pem(key, password.encode()) + "".join(chain[:-1]).encode())
        context.load_cert_chain(path, password=password)
    finally:
        path.unlink()


def peer_of(tls: ssl.SSLObject | ssl.SSLSocket | None) -> Peer:
    """Who the other side of a connection is by its certificate; LinkRefused when it names nobody of ours."""
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if not der:
        raise LinkRefused("The other side shows no certificate.", code="certificate")
    try:
        return read_peer(der)
    except FenghuoError as error:
        raise LinkRefused(error.message, code="certificate") from error


def ssl_trouble(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS error in a chain of causes: a wrong certificate must not look like a dead line."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def in_scope(own: str, other: str) -> bool:
    """Whether two centres may have a link: the same, or one directly above the other."""
    return own == other or other in above(own)[:1] or own in above(other)[:1]


def check_peer(store: Store, peer: Peer, realm: bytes, centre: str, node: bytes) -> None:
    """LinkRefused unless the certificate, the hello and the authority history name the same admitted node in scope."""
    if peer.realm != store.realm.hex() or realm != store.realm:
        raise LinkRefused("The other side belongs to another realm.", code="other_realm")
    if peer.node != node.hex() or peer.centre != centre:
        raise LinkRefused("The other side says it is somebody else than its certificate names.", code="certificate")
    view = store.authority.now()
    grant = view.nodes.get(node)
    if grant is None or grant.centre not in view.centres:
        raise LinkRefused(f"The node of {centre} is not (or no longer) admitted.", code="not_admitted")
    if grant.centre != centre or grant.key != peer.public:
        raise LinkRefused(f"The node of {centre} was admitted with another key or elsewhere.", code="certificate")
    if not in_scope(store.me.centre, centre):
        raise LinkRefused(f"{centre} is not a neighbour of {store.me.centre}.", code="out_of_scope")
