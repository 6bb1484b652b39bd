"""A TCP relay on loopback that can be cut like a cable: for drills on one machine and for tests."""

from __future__ import annotations

import asyncio
import contextlib

from comms.tasks import Tasks

CHUNK = 65_536


class Relay:
    """Forwards bytes both ways between whoever connects and a target.

    Args:
        target_host, target_port: where the bytes go; may be changed between connections.
        bytes_per_s: a slow line, for each direction of each connection; None: as fast as it goes.
    """

    def __init__(self, target_host: str, target_port: int, bytes_per_s: int | None = None) -> None:
        self.target_host, self.target_port, self.bytes_per_s = target_host, target_port, bytes_per_s
        self.connections = 0
        """How many were ever taken."""
        self.forwarded = 0
        """Bytes forwarded, both ways."""
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self._tasks = Tasks("relay")
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen; returns host and port."""
        self._server = await asyncio.start_server(self._take, host, port, limit=CHUNK)
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def stop(self) -> None:
        """End it and all that goes through it."""
        if self._server is not None:
            self._server.close()
        self._abort_all()
        await self._tasks.close()
        if self._server is not None:
            await self._server.wait_closed()

    def cut(self) -> None:
        """The cable is pulled: nothing passes, nobody is told, connections stay half-open."""
        self._open.clear()

    def reset(self) -> None:
        """All connections are reset, and new ones at once."""
        self._refusing = True
        self._abort_all()

    def heal(self) -> None:
        """Everything passes again."""
        self._refusing = False
        self._open.set()

    def _abort_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        if self._refusing:
            self._drop(writer)
            return
        self._tasks.start(self._carry(reader, writer), f"relay {self.connections}")

    def _drop(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection(self.target_host, self.target_port, limit=CHUNK)
        except OSError:
            self._drop(writer)
            return
        except asyncio.CancelledError:
            self._drop(writer)
            raise
        self._writers.add(far_writer)
        there = self._tasks.start(self._pump(reader, far_writer), "there")
        back = self._tasks.start(self._pump(far_reader, writer), "back")
        ways = [there, back]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(ways, timeout=1.0)  # what was said last still passes the other way
        finally:
            for way in ways:
                way.cancel()
            self._drop(writer, far_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._open.wait()
                if self.bytes_per_s:
                    await asyncio.sleep(len(data) / self.bytes_per_s)
                writer.write(data)
                await writer.drain()
                self.forwarded += len(data)
            writer.write_eof() if writer.can_write_eof() else None
