"""The program in a process of its own: it starts, runs services beside the window, and ends cleanly when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.desk import wall_ms
from offline.founding import Means, NewCentre, found
from offline.profile import Profile
from offline.vault import LIGHT

ROOT = Path(__file__).parents[2]
SECRET = "secret-of-night-1"
PROGRAM = """
import asyncio, sys
from pathlib import Path
from console import app
from offline.profile import Profile

async def serve(desk, stop):
    print("serving", flush=True)
    await stop.wait()
    print("served", flush=True)

async def fail(desk, stop):
    raise OSError("a service that breaks")

def ready(desk):
    print("ready", desk.centre, desk.window is not None, flush=True)

code = app.run(Profile.at(Path(sys.argv[1])), sys.argv[2], None, show=False, services=[serve, fail], on_ready=ready,
               with_map=False, size=(1366, 768))
print("end", code, flush=True)
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A city's desk."""
    found(tmp_path / "city", NewCentre("huaian", "淮安市", "周明远", SECRET), Means(wall_ms, os.urandom, LIGHT)).close()
    return tmp_path / "city"


def start(profile: Path, secret: str = SECRET) -> subprocess.Popen[str]:
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(profile), secret], cwd=ROOT, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
def test_it_runs_until_told_and_leaves_the_profile_free(profile: Path) -> None:
    program = start(profile)
    assert program.stdout is not None
    said = [program.stdout.readline().strip() for _ in range(2)]
    assert sorted(said) == ["ready huaian True", "serving"]
    program.send_signal(signal.SIGTERM)
    out, errors = program.communicate(timeout=60)
    assert out.split("\n")[:2] == ["served", "end 0"]
    assert program.returncode == 0
    assert "a service that breaks" in errors, "it is logged, and took nothing else down"
    assert not [x for x in ("Segmentation", "QThread", "QObject::", "never awaited", "Destroyed") if x in errors], (
        errors
    )
    Profile.at(profile).own().close()


def test_a_wrong_secret_opens_nothing(profile: Path) -> None:
    program = start(profile, "not the secret")
    out, errors = program.communicate(timeout=60)
    assert program.returncode == 1 and "Locked" in errors and "ready" not in out
    Profile.at(profile).own().close()
