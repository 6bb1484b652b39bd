"""A feed of alerts of ours on loopback: an Atom index and CAP documents, with ETag, as an issuer would serve them."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.server
import threading
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import resources
from offline.clock import CHINA

FOLDER = Path(next(iter(resources.__path__))) / "demo" / "feed"
NAMES = ("1_rain_orange", "2_rain_red", "3_rain_cancel", "4_exercise_chemical")
TITLES = {
    "1_rain_orange": "涟水县 暴雨橙色预警",
    "2_rain_red": "涟水县 暴雨红色预警",
    "3_rain_cancel": "涟水县 暴雨预警解除",
    "4_exercise_chemical": "演练 危险化学品",
}


class FeedServer:
    """Serves the index of the alerts issued so far; `issue` adds one."""

    def __init__(self, now: dt.datetime) -> None:
        self._start = now.astimezone(CHINA).replace(microsecond=0) - dt.timedelta(minutes=len(NAMES))
        self._documents: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self.requests: list[str] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Requests are counted by the server, not printed."""

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, name="demo feed", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Address of the index."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/index.atom"

    def issue(self, name: str) -> None:
        """Publish one of the documents."""
        with self._lock:
            self._documents[name] = self._fill(name)

    def _time(self, minutes: int) -> tuple[str, str]:
        when = self._start + dt.timedelta(minutes=minutes)
        return when.isoformat(), when.strftime("%Y%m%d%H%M%S")

    def _fill(self, name: str) -> bytes:
        number = NAMES.index(name)
        sent, stamp = self._time(number)
        (sent_1, stamp_1), (sent_2, stamp_2) = self._time(0), self._time(1)
        expires = self._time(number + 360)[0]
        text = (FOLDER / f"{name}.xml").read_text(encoding="utf-8")
        return text.format(
            sent=sent, stamp=stamp, expires=expires, sent_1=sent_1, stamp_1=stamp_1, sent_2=sent_2, stamp_2=stamp_2
        ).encode()

    def _index(self) -> bytes:
        entry = (FOLDER / "entry.atom").read_text(encoding="utf-8")
        rows = [
            entry.format(name=n, title=escape(TITLES[n]), updated=self._time(NAMES.index(n))[0])
            for n in reversed(NAMES)
            if n in self._documents
        ]
        index = (FOLDER / "index.atom").read_text(encoding="utf-8")
        return index.format(updated=self._time(len(rows))[0], entries="".join(rows)).encode()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one GET, with 304 for a copy that is still good."""
        self.requests.append(request.path)
        name = request.path.strip("/").removesuffix(".xml")
        with self._lock:
            body = self._index() if request.path == "/index.atom" else self._documents.get(name)
        if body is None:
            request.send_error(404)
            return
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        fresh = request.headers.get("If-None-Match") == etag
        request.send_response(304 if fresh else 200)
        request.send_header("ETag", etag)
        if not fresh:
            request.send_header("Content-Type", "application/xml; charset=utf-8")
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if not fresh:
            request.wfile.write(body)

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
