"""One guarded read from outside: an http(s) document under caps on bytes and time, or a file under the same cap."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

from comms.errors import FetchFailed

MAX_BYTES = 10_000_000  # a feed; the largest real index seen has 1.6 MB
TOTAL_S = 20.0  # the whole fetch: a server that drips one byte a second is cut as well
PHASE_S = 8.0  # connecting, or one read
MAX_REDIRECTS = 3
MAX_RETRY_AFTER_S = 3_600.0  # a server may ask for an hour of quiet, not for a year
CHUNK = 65_536
USER_AGENT = "fenghuo/0.1 (alert reader)"
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back. `not_modified`: the copy that the validators name is still good, and `body` is empty."""

    url: str
    body: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    not_modified: bool = False


class Fetcher:
    """Reads documents over https, and over http where that was asked for.

    Rules: certificates are checked with the system's roots; the environment's proxies and secrets are not used; only
    the identity encoding is taken (a small compressed answer can unpack to gigabytes); at most three redirects, each to
    https or to the same host over the same scheme; plain http only for an address that was configured (`fetch` without
    `referrer`), or for links from such a feed to its own host; loopback only when the address was configured so.

    One per event loop: use it with `async with` inside the loop that fetches. Host names are not resolved beforehand,
    so a public name that points into the local network is not recognised.

    Args:
        max_bytes: the most that is read of one document.
        total_s: the most that one fetch may take, redirects included.
        verify: another TLS context, such as one with a centre's own root.
    """

    def __init__(
        self, *, max_bytes: int = MAX_BYTES, total_s: float = TOTAL_S, verify: ssl.SSLContext | None = None
    ) -> None:
        self.max_bytes = max_bytes
        self.total_s = total_s
        self._verify = verify
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Fetcher:
        self._client = httpx.AsyncClient(
            verify=self._verify or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            # Shorter than the whole: the library closes a socket whose handshake times out, but leaks a cancelled one.
            timeout=httpx.Timeout(min(PHASE_S, self.total_s / 2)),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        max_bytes: int | None = None,
        referrer: str | None = None,
    ) -> Fetched:
        """The document at `url`; `not_modified` when the server says that the copy named by the validators is good.

        Args:
            etag, last_modified: the validators of the copy that is kept, sent back as they came.
            max_bytes: a smaller cap than the fetcher's, for one document.
            referrer: the address of the feed that named `url`; stricter rules hold for such links.

        Raises `FetchFailed`, and nothing else of the network's.
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        sent = {name: value for name, value in headers.items() if value}
        try:
            async with asyncio.timeout(self.total_s):
                return await self._follow(url, sent, min(max_bytes or self.max_bytes, self.max_bytes), referrer)
        except TimeoutError:
            raise FetchFailed("timeout", f"no whole answer from {_host(url)} within {self.total_s:g} s") from None
        except httpx.TimeoutException:
            raise FetchFailed("timeout", f"{_host(url)} did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, OSError) as trouble:
            raise FetchFailed("refused", f"{_host(url)} cannot be read ({_words(trouble)})") from None

    async def _follow(self, url: str, headers: dict[str, str], cap: int, referrer: str | None) -> Fetched:
        check_allowed(url, referrer)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._ask(url, headers) as answer:
                if answer.status_code not in _MOVED:
                    return await _read(answer, url, cap)
                url = _moved_to(url, answer.headers.get("Location", ""))
        raise FetchFailed("redirect", f"more than {MAX_REDIRECTS} redirects")

    @asynccontextmanager
    async def _ask(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        if self._client is None:
            raise RuntimeError("a Fetcher is used inside `async with`")
        async with self._client.stream("GET", url, headers=headers) as answer:
            yield answer


async def _read(answer: httpx.Response, url: str, cap: int) -> Fetched:
    etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
    if answer.status_code == 304:
        return Fetched(url, etag=etag, last_modified=modified, not_modified=True)
    if answer.status_code != 200:
        wait = _retry_after(answer.headers.get("Retry-After", ""))
        words = f"{_host(url)} answered {answer.status_code}"
        raise FetchFailed("status", words, status=answer.status_code, retry_after_s=wait)
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise FetchFailed("encoding", f"{_host(url)} sent {encoding[:40]} though only identity is taken")
    return Fetched(url, await _body(answer, url, cap), etag, modified)


async def _body(answer: httpx.Response, url: str, cap: int) -> bytes:
    too_big = FetchFailed("too_big", f"{_host(url)} sent more than the {cap} bytes that are read")
    declared = answer.headers.get("Content-Length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > cap:
        raise too_big
    body = bytearray()
    async for chunk in answer.aiter_raw(CHUNK):
        body += chunk
        if len(body) > cap:
            raise too_big
    return bytes(body)


def check_allowed(url: str, referrer: str | None = None) -> None:
    """Whether this address may be asked at all, by the rules of `Fetcher`. Raises `FetchFailed` (``not_allowed``)."""
    try:
        parts, named_by = urlsplit(url), urlsplit(referrer) if referrer else None
        host, feed_host = (parts.hostname or ""), (named_by.hostname if named_by else None)
    except ValueError:
        raise FetchFailed("not_allowed", "that is no address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise FetchFailed("not_allowed", f"only http and https addresses are fetched, not {parts.scheme[:20]!r}")
    if parts.username is not None:
        raise FetchFailed("not_allowed", "an address with a name or secret in it is not fetched")
    if named_by is None:
        return
    if parts.scheme == "http" and (host != feed_host or named_by.scheme != "http"):
        raise FetchFailed("not_allowed", f"a feed may not send this program to {host} over plain http")
    if is_loopback(host) and host != feed_host:
        raise FetchFailed("not_allowed", f"a feed may not send this program to {host}")


def _moved_to(url: str, location: str) -> str:
    if not location:
        raise FetchFailed("redirect", f"{_host(url)} redirects without saying where")
    target = urljoin(url, location)
    check_allowed(target, url)
    return target


def is_loopback(host: str) -> bool:
    """Whether a host name or address literal is this machine itself."""
    if host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _is_short_loopback(host)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _is_short_loopback(host: str) -> bool:
    """`127.1`, `2130706433` and `0x7f.1` are this machine as well to whoever opens the connection."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip("."))).is_loopback or host.strip("0x.") == ""
    except (OSError, UnicodeEncodeError):
        return False


def _retry_after(text: str) -> float | None:
    return min(float(text), MAX_RETRY_AFTER_S) if text.isdecimal() and len(text) < 10 else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def _words(trouble: Exception) -> str:
    return " ".join(str(trouble).split())[:200] or type(trouble).__name__


def read_file(path: str | Path, max_bytes: int = MAX_BYTES) -> Fetched:
    """A file as if it had been fetched, under the same cap. Blocks: call it in a thread. Raises `FetchFailed`."""
    try:
        if not Path(path).is_file():  # a pipe or device would never end
            raise FetchFailed("unreadable", f"{Path(path).name} is not a file here")
        with Path(path).open("rb") as file:
            body = file.read(max_bytes + 1)
    except (OSError, ValueError) as trouble:
        words = trouble.strerror if isinstance(trouble, OSError) else "no such name"
        raise FetchFailed("unreadable", f"{Path(path).name} cannot be read ({words})") from None
    if len(body) > max_bytes:
        raise FetchFailed("too_big", f"{Path(path).name} holds more than the {max_bytes} bytes that are read")
    return Fetched(str(path), body)
