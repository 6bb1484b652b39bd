"""A small real HTTP server on loopback whose answers a test writes, byte for byte where it wants to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Request:
    """What was asked: path and lower-case headers."""

    path: str
    headers: dict[str, str]


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Answers by path; `asked` lists every request in order."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


def reply(body: bytes = b"", status: int = 200, **headers: str) -> Answer:
    """An answer with that body; header names take `_` for `-`."""

    async def answer(_request: Request, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server for the length of a block; connections that are still open are cut at its end."""
    server = Server()
    open_now: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in head[1:] if line)
            request = Request(head[0].split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs})
            server.asked.append(request)
            await server.answers.get(request.path, reply(status=404))(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            open_now.discard(task)
            writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        await listener.wait_closed()
