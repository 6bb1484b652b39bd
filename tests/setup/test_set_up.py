"""Set-up's promises: nothing twice, one line to run when it has no rights, locks that pin all and name no host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "resources/set-up/set-up.sh"
AT_ONCE_S = 2.0  # a run with nothing to do takes a tenth of a second; the rest is for a busy machine

made = pytest.mark.skipif(not (ROOT / ".venv/.set-up/page").exists(), reason="set-up was not run in this checkout")


def set_up(path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C", **({"PATH": path} if path else {})}
    return subprocess.run(
        ["/bin/bash", SCRIPT], capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=60
    )


def programs(folder: Path, **replaced: str) -> str:
    """A folder with the few programs set-up needs before it may install, some replaced by a script; for PATH."""
    for name in ("awk", "cat", "cut", "date", "dirname", "flock", "id", "sha256sum", "wc"):
        (folder / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name} here"))
    for name, script in replaced.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


@made
@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not Debian")
def test_a_second_run_does_nothing_and_starts_at_once() -> None:
    began = time.monotonic()
    result = set_up()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert time.monotonic() - began < AT_ONCE_S


def test_without_rights_it_prints_the_line_to_run_and_stops(tmp_path: Path) -> None:
    result = set_up(programs(tmp_path, id="echo 1000", **{"dpkg-query": "exit 0"}))  # a system with nothing installed
    assert result.returncode == 1
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("apt-get update && apt-get install -y --no-install-recommends ")
    assert {"python3-venv", "libnss3", "fonts-noto-cjk", "gcc"} <= set(line.split())
    assert result.stdout == ""


def test_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    names = re.findall(r"^[a-z0-9]\S*$", (ROOT / "resources/set-up/debian-packages.txt").read_text(), re.M)
    have = [f"installed {name}" for name in names if name not in ("libnss3", "xdotool", "libasound2")]
    have += ["installed libasound2t64 libasound2 (= 1.2)", "config-files xdotool"]
    script = "\n".join(["cat <<'END'", *have, "END"])
    result = set_up(programs(tmp_path, id="echo 1000", **{"dpkg-query": script}))
    assert result.stderr.strip().splitlines()[-1].split("recommends ")[1] == "libnss3 xdotool"


def test_every_locked_python_package_has_a_hash_and_no_host_is_named() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", "\n" + text)[1:]
    assert len(entries) > 40
    assert [
        entry.split()[0] for entry in entries if not re.match(r"\S+==\S+ \\\n +--hash=sha256:[0-9a-f]{64}", entry)
    ] == []
    assert re.findall(r"https?://|^--.*|^-i .*|index-url +[^-].*", text, re.M) == []


def test_the_lock_keeps_the_bounds_of_the_project_table() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lock = dict(re.findall(r"^([a-z0-9.-]+)==(\S+) \\$", (ROOT / "requirements.lock").read_text(), re.M))
    asked = [*table["project"]["dependencies"], *table["project"]["optional-dependencies"]["test"],
             *table["build-system"]["requires"]]  # fmt: skip
    broken = [
        text
        for text in asked
        if not (want := Requirement(text)).specifier.contains(lock.get(canonicalize_name(want.name), "0"))
    ]
    assert broken == [], "run `make lock`"


def test_the_page_lock_is_exact_and_names_no_host() -> None:
    wanted = json.loads((ROOT / "resources/package.json").read_text())["dependencies"]
    text = (ROOT / "resources/package-lock.json").read_text()
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert "resolved" not in text and "://" not in text


@made
def test_the_page_libraries_are_those_of_the_lock() -> None:
    packages = json.loads((ROOT / "resources/package-lock.json").read_text())["packages"]
    for folder, entry in packages.items():
        if folder:
            installed = json.loads((ROOT / "resources" / folder / "package.json").read_text())
            assert installed["version"] == entry["version"], folder


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_first_page_opens_with_the_two_commands(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    code = re.findall(r"^(make [a-z]+)", text, re.M)
    assert code[:2] == ["make demo", "make test"]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {line.split()[1] for line in code} <= targets


def test_the_build_machine_runs_the_readmes_test_command() -> None:
    run = ROOT / ".ci/run"
    assert os.access(run, os.X_OK)
    assert run.read_text().splitlines()[-1].endswith(" make test")
