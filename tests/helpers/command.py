"""The `fenghuo` command as a user runs it: real processes on real profiles."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret for tests 1"
SLOW_S = 120.0


def fenghuo(
    *argv: str | Path, profile: Path | None = None, expect: int | None = 0, cwd: Path | None = None,
    timeout: float = SLOW_S,
) -> subprocess.CompletedProcess[str]:
    """Run one command; fails the test when its exit code is not the expected one (None: any)."""
    env = {**os.environ, "FENGHUO_SECRET": SECRET, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    words = [sys.executable, "-m", "console", *map(str, argv)]
    if profile is not None:
        words += ["--profile", str(profile)]
    done = subprocess.run(
        words, env=env, cwd=cwd or ROOT, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )
    assert expect is None or done.returncode == expect, f"{argv}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def rows(*argv: str | Path, profile: Path | None = None, cwd: Path | None = None) -> list[dict[str, Any]]:
    """Run one command with --json; its objects, one a line."""
    out = fenghuo(*argv, "--json", profile=profile, cwd=cwd).stdout
    return [json.loads(line) for line in out.splitlines() if line]


def one(*argv: str | Path, profile: Path | None = None) -> dict[str, Any]:
    """Run one command with --json that prints one object."""
    (row,) = rows(*argv, profile=profile)
    return row


def error_of(*argv: str | Path, profile: Path | None = None) -> dict[str, str]:
    """Run a command that must be refused; its `{code, message, safe, do}`."""
    done = fenghuo(*argv, "--json", profile=profile, expect=1)
    return dict(json.loads(done.stderr.strip().splitlines()[-1])["error"])


def free_port() -> int:
    """A loopback port nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*argv: str | Path, profile: Path, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A hub or a console as a process, ready; ended with SIGTERM, and it must end well."""
    extra = {"FENGHUO_SECRET": SECRET, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", **(env or {})}
    words = [sys.executable, "-m", "console", *map(str, argv), "--profile", str(profile)]
    process = subprocess.Popen(
        words, env={**os.environ, **extra}, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    ready, lines = threading.Event(), []

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if line.startswith("ready "):
                ready.set()
        ready.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert ready.wait(SLOW_S) and process.poll() is None, "".join(lines)
        yield process
    finally:
        process.terminate()
        code = process.wait(30)
        reader.join()
        assert process.stdout
        process.stdout.close()
    assert code == 0, f"{argv} ended with {code}: {''.join(lines)[-3000:]}"
