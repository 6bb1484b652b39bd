"""The guarded read: caps on bytes and time, encodings, redirects, validators, and which addresses are asked at all."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from comms.errors import FetchFailed
from comms.fetch import Fetched, Fetcher, check_allowed, is_loopback, read_file
from tests.comms.server import Request, Server, reply, serving

T = TypeVar("T")


def with_server(use: Callable[[Server, Fetcher], Awaitable[T]], max_bytes: int = 1000, total_s: float = 5.0) -> T:
    async def body() -> T:
        async with serving() as server, Fetcher(max_bytes=max_bytes, total_s=total_s) as fetcher:
            return await use(server, fetcher)

    return asyncio.run(body())


def failure(use: Callable[[Server, Fetcher], Awaitable[Fetched]], total_s: float = 5.0) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        with_server(use, total_s=total_s)
    return caught.value


def test_a_document_comes_with_its_validators_and_nothing_is_compressed() -> None:
    async def use(server: Server, fetcher: Fetcher) -> tuple[Fetched, Request]:
        server.answers["/a"] = reply(b"hello", ETag='"1"', Last_Modified="Fri, 01 May 2026 02:00:00 GMT")
        return await fetcher.fetch(server.url + "/a"), server.asked[0]

    fetched, request = with_server(use)
    assert (fetched.body, fetched.etag) == (b"hello", '"1"') and not fetched.not_modified
    assert fetched.last_modified == "Fri, 01 May 2026 02:00:00 GMT"
    assert request.headers["accept-encoding"] == "identity"


def test_a_copy_that_is_still_good_is_a_value_not_an_error() -> None:
    async def use(server: Server, fetcher: Fetcher) -> tuple[Fetched, Request]:
        server.answers["/a"] = reply(status=304, ETag='"1"')
        when = "Fri, 01 May 2026 02:00:00 GMT"
        return await fetcher.fetch(server.url + "/a", etag='"1"', last_modified=when), server.asked[0]

    fetched, request = with_server(use)
    assert fetched.not_modified and fetched.body == b""
    assert request.headers["if-none-match"] == '"1"'
    assert request.headers["if-modified-since"] == "Fri, 01 May 2026 02:00:00 GMT"


def test_too_many_bytes_are_refused_declared_or_not() -> None:
    async def endless(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 500)
            await writer.drain()

    async def undeclared(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = endless
        return await fetcher.fetch(server.url + "/a")

    async def declared(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = reply(b"x" * 1001)
        return await fetcher.fetch(server.url + "/a")

    async def for_one_document(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = reply(b"x" * 20)
        return await fetcher.fetch(server.url + "/a", max_bytes=10)

    assert failure(undeclared).code == failure(declared).code == failure(for_one_document).code == "too_big"


def test_a_slow_drip_is_cut_as_a_whole() -> None:
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        for _ in range(900):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)  # each byte well within the time for one read

    async def use(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = drip
        return await fetcher.fetch(server.url + "/a")

    started = time.monotonic()
    assert failure(use, total_s=0.3).code == "timeout"
    assert time.monotonic() - started < 4


def test_a_compressed_answer_is_refused() -> None:
    async def use(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = reply(gzip.compress(b"x" * 100_000), Content_Encoding="gzip")
        return await fetcher.fetch(server.url + "/a")

    assert failure(use).code == "encoding"


def test_redirects_are_followed_three_times_on_the_same_host() -> None:
    async def use(server: Server, fetcher: Fetcher) -> Fetched:
        for step in range(3):
            server.answers[f"/{step}"] = reply(status=302, Location=f"/{step + 1}")
        server.answers["/3"] = reply(b"there")
        return await fetcher.fetch(server.url + "/0")

    assert with_server(use).body == b"there"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("/0", "redirect"),
        ("", "redirect"),
        ("http://example.org/", "not_allowed"),
        ("file:///etc/passwd", "not_allowed"),
        ("http://[::1/", "not_allowed"),
    ],
)
def test_redirects_elsewhere_or_without_end_are_refused(location: str, code: str) -> None:
    async def use(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/0"] = reply(status=302, Location=location)
        return await fetcher.fetch(server.url + "/0")

    assert failure(use).code in (code, "refused") if "[" in location else failure(use).code == code


def test_an_error_carries_its_status_and_what_the_server_asked() -> None:
    async def use(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = reply(status=503, Retry_After="120")
        return await fetcher.fetch(server.url + "/a")

    trouble = failure(use)
    assert (trouble.code, trouble.status, trouble.retry_after_s) == ("status", 503, 120.0)


def test_what_is_no_http_or_nobody_there_is_our_error_not_the_librarys() -> None:
    async def nonsense(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")

    async def no_http(server: Server, fetcher: Fetcher) -> Fetched:
        server.answers["/a"] = nonsense
        return await fetcher.fetch(server.url + "/a")

    async def nobody(server: Server, fetcher: Fetcher) -> Fetched:
        return await fetcher.fetch("http://127.0.0.1:1/")

    async def no_host(server: Server, fetcher: Fetcher) -> Fetched:
        return await fetcher.fetch("http://" + "a" * 300 + "/")

    assert [failure(use).code for use in (no_http, nobody, no_host)] == ["refused"] * 3


def test_a_handshake_that_never_ends_is_cut() -> None:
    async def use(server: Server, fetcher: Fetcher) -> Fetched:
        return await fetcher.fetch(server.url.replace("http", "https"))  # the plain server waits for more, and so do we

    assert failure(use, total_s=0.6).code == "timeout"


@pytest.mark.parametrize(
    ("url", "referrer", "allowed"),
    [
        ("https://example.org/f", None, True),
        ("http://example.org/f", None, True),
        ("ftp://example.org/f", None, False),
        ("file:///etc/passwd", None, False),
        ("https://name:word@example.org/", None, False),
        ("https://", None, False),
        ("https://other.org/1", "https://example.org/f", True),
        ("http://other.org/1", "https://example.org/f", False),
        ("http://example.org/1", "http://example.org/f", True),
        ("http://example.org/1", "https://example.org/f", False),
        ("https://127.0.0.1/1", "https://example.org/f", False),
        ("https://localhost./1", "https://example.org/f", False),
        ("http://127.0.0.1:8/1", "http://127.0.0.1:9/f", True),
    ],
)
def test_which_addresses_are_asked(url: str, referrer: str | None, allowed: bool) -> None:
    if allowed:
        check_allowed(url, referrer)
    else:
        with pytest.raises(FetchFailed, match=r"fetched|feed may not|address"):
            check_allowed(url, referrer)


def test_loopback_by_name_and_number() -> None:
    assert all(map(is_loopback, ("localhost", "a.localhost", "127.0.0.9", "::1")))
    assert all(map(is_loopback, ("127.1", "2130706433", "0x7f.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "0", "::")))
    assert not any(map(is_loopback, ("example.org", "10.0.0.1", "10.1", "")))


def test_a_file_is_read_under_the_same_cap(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    assert read_file(file, 5).body == b"12345"
    for path, cap, code in ((file, 4, "too_big"), (tmp_path / "b", 5, "unreadable"), (tmp_path, 5, "unreadable")):
        with pytest.raises(FetchFailed) as caught:
            read_file(path, cap)
        assert caught.value.code == code


def test_a_fetcher_outside_its_block_is_a_bug_of_ours() -> None:
    with pytest.raises(RuntimeError):
        asyncio.run(Fetcher().fetch("https://example.org/"))
