"""The running node's local socket: a verb called meanwhile is carried out by the program that has the profile open.

One request and one answer a connection, msgpack with a length in front. Only this machine's same user can reach it
(mode 0600 in a folder of mode 0700; on Windows a loopback port whose number and token lie in the same folder).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from comms.errors import CommsError
from comms.tasks import Tasks

REQUEST_MAX = 16_000_000  # a CAP file on standard input is the largest thing anybody sends
ANSWER_MAX = 64_000_000
WAIT_S = 120.0
_LENGTH = struct.Struct(">I")
ON_WINDOWS = sys.platform == "win32"


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A verb: its words, the folder its paths start from, what comes on standard input, and on Windows the token."""

    argv: list[str]
    cwd: str
    stdin: str = ""
    token: str = ""


class Answer(msgspec.Struct):
    """What the verb printed, and its exit code."""

    stdout: str
    stderr: str
    exit: int


Carry = Callable[[Request], Awaitable[Answer]]


class NotRunning(CommsError):
    """No program listens for this profile."""

    code = "not_running"
    do = "Start the console or the hub of this profile."


async def serve(path: Path, carry: Carry, stop: asyncio.Event) -> None:
    """Listen until `stop`; each request is carried out by `carry` and answered."""
    tasks = Tasks("control")
    token = secrets.token_hex(16) if ON_WINDOWS else ""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = msgspec.msgpack.decode(await _read(reader, REQUEST_MAX), type=Request)
            if token and not secrets.compare_digest(token, request.token):
                return
            answer = await carry(request)
            data = msgspec.msgpack.encode(answer)
            writer.write(_LENGTH.pack(len(data)) + data)
            await writer.drain()
        except (msgspec.MsgspecError, asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass  # somebody who does not speak this, or went away: nothing was promised to them
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.start(talk(reader, writer), "control request")

    server = await _listen(path, begin, token)
    try:
        await stop.wait()
    finally:
        server.close()
        await server.wait_closed()
        await tasks.close()
        _clear(path)


async def _listen(
    path: Path, begin: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None], token: str
) -> asyncio.Server:
    _clear(path)  # left by a program that was killed; we hold the profile's lock
    if ON_WINDOWS:
        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _publish(path, f"{port} {token}")
        return server
    server = await asyncio.start_unix_server(begin, _short(path))
    os.chmod(path, 0o600)
    return server


def _clear(path: Path) -> None:
    path.unlink(missing_ok=True)


def _publish(path: Path, text: str) -> None:
    path.write_text(text)


def _short(path: Path) -> str:
    """A socket's path has room for about 100 bytes; a longer one is reached through its open folder."""
    if len(os.fsencode(path)) < 100:
        return str(path)
    with contextlib.suppress(ValueError):
        relative = os.path.relpath(path)
        if len(os.fsencode(relative)) < 100:
            return relative
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)  # stays open as long as the program does
    return f"/proc/self/fd/{fd}/{path.name}"


async def _read(reader: asyncio.StreamReader, most: int) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > most:
        raise ValueError("too long")
    return await reader.readexactly(length)


def ask(path: Path, request: Request, wait_s: float = WAIT_S) -> Answer:
    """Have the running program carry out a verb; NotRunning when there is none."""
    try:
        with _connect(path, request) as link:
            link.settimeout(wait_s)
            data = msgspec.msgpack.encode(request)
            link.sendall(_LENGTH.pack(len(data)) + data)
            length = _LENGTH.unpack(_exactly(link, _LENGTH.size))[0]
            if length > ANSWER_MAX:
                raise NotRunning("The running program gave an answer longer than any may be.")
            return msgspec.msgpack.decode(_exactly(link, length), type=Answer)
    except (OSError, EOFError) as error:
        raise NotRunning("The program that has this profile open does not answer.") from error


def _connect(path: Path, request: Request) -> socket.socket:
    if ON_WINDOWS:
        port, request.token = path.read_text().split()
        return socket.create_connection(("127.0.0.1", int(port)), timeout=5)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(5)
        link.connect(_short(path))
    except BaseException:
        link.close()
        raise
    return link


def _exactly(link: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = link.recv(min(count - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
