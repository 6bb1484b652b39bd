"""Keys and certificates: Ed25519 for everything that is signed, X.509 for the links between nodes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from offline.errors import Malformed
from offline.ops import digest

SCHEME = "fenghuo"
CA_DAYS = 3650
NODE_DAYS = 365


class Key:
    """A private Ed25519 key; `id` is the hash of its public half and names its holder everywhere."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()
        self.id = digest(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> Key:
        """The key grown from 32 secret bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes; they belong in a vault and nowhere else."""
        return self._private.private_bytes_raw()

    @property
    def private(self) -> Ed25519PrivateKey:
        """The key as the cryptography library wants it."""
        return self._private

    def sign(self, text: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self._private.sign(text)


def verify(public: bytes, signature: bytes, text: bytes) -> bool:
    """Whether the holder of this public key signed this text."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class Peer:
    """Who a certificate names: realm id (hex), centre path, node id (hex), and the key it holds."""

    realm: str
    centre: str
    node: str
    public: bytes


def uri(realm: bytes, centre: str, node: bytes) -> str:
    """The name of a node in its certificate: `fenghuo://REALM/CENTRE-PATH/NODE`."""
    return f"{SCHEME}://{realm.hex()}/{centre}/{node.hex()}"


def issue_ca(name: str, public: bytes, issuer: str, issuer_key: Key, now: dt.datetime) -> bytes:
    """A CA certificate (PEM) for a root or centre key, signed by the one above it."""
    builder = _builder(name, public, issuer, now, CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(ca=True), critical=True)
    return _finish(builder, public, issuer_key)


def issue_node(realm: bytes, centre: str, public: bytes, issuer_key: Key, now: dt.datetime) -> bytes:
    """A node's certificate (PEM) for mutual TLS, signed by its centre; good for a year."""
    builder = _builder(digest(public).hex(), public, centre, now, NODE_DAYS)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri(realm, centre, digest(public)))])
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(ca=False), critical=True)
    return _finish(builder, public, issuer_key)


def _builder(name: str, public: bytes, issuer: str, now: dt.datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(Ed25519PublicKey.from_public_bytes(public))
        .serial_number(int.from_bytes(digest(public + issuer.encode())[:19], "big") or 1)
        .not_valid_before(now - dt.timedelta(days=1))  # a desk's clock may be slow
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _finish(builder: x509.CertificateBuilder, public: bytes, issuer_key: Key) -> bytes:
    subject = x509.SubjectKeyIdentifier.from_public_key(Ed25519PublicKey.from_public_bytes(public))
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.private.public_key())
    builder = builder.add_extension(subject, critical=False).add_extension(above, critical=False)
    return builder.sign(issuer_key.private, None).public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[-64:])])


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def read_peer(der: bytes) -> Peer:
    """Who this certificate (DER) names; Malformed when it names nobody of ours."""
    try:
        cert = x509.load_der_x509_certificate(der)
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (name,) = names.get_values_for_type(x509.UniformResourceIdentifier)
        key = cert.public_key()
    except (ValueError, x509.ExtensionNotFound) as error:
        raise Malformed(f"The certificate of the other side names no node ({error}).", code="certificate") from error
    if not isinstance(key, Ed25519PublicKey) or not name.startswith(f"{SCHEME}://"):
        raise Malformed("The certificate of the other side is not one of this system.", code="certificate")
    realm, _, rest = name.removeprefix(f"{SCHEME}://").partition("/")
    centre, _, node = rest.rpartition("/")
    if digest(key.public_bytes_raw()).hex() != node:
        raise Malformed("The certificate of the other side names a key that it does not hold.", code="certificate")
    return Peer(realm, centre, node, key.public_bytes_raw())


def private_pem(key: Key, password: bytes) -> bytes:
    """The key as PEM locked with a password: for handing to TLS without a plain copy on disk."""
    return key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
