"""The house: one command, its help at once, the two commands first, a page for the newcomer in each package."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.helpers.command import ROOT, fenghuo


def seconds(*words: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def test_help_loads_nothing_but_the_parser() -> None:
    code = (
        "import sys, console.__main__ as m\ntry: m.main(['--help'])\n"
        "except SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {
        "PySide6",
        "offline",
        "comms",
        "map",
        "cryptography",
        "msgspec",
        "sqlcipher3",
        "asyncio",
        "httpx",
    }
    pairs = [(seconds("-m", "console", "--help"), seconds("-c", "pass")) for _ in range(7)]
    assert statistics.median(p[0] for p in pairs) < 12 * statistics.median(p[1] for p in pairs)


def test_usage_errors_are_exit_2_and_one_sentence() -> None:
    done = fenghuo("incident", "add", expect=2)
    assert "--title" in done.stderr.splitlines()[-1]
    assert fenghuo("incident", "show", "abcdef", profile=ROOT / "no-such-profile", expect=1).stderr.count("\n") == 1


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_two_commands_stand_first(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    block = re.search(r"```\w*\n(.*?)```", text, re.S)
    assert block and [line.split("#")[0].strip() for line in block[1].splitlines() if line.strip()] == [
        "make demo",
        "make test",
    ]


def test_each_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    for requirement in wanted:
        line = next(row for row in text.splitlines() if f'"{requirement}"' in row)
        assert re.search(r"#\s*\S.{8,}", line), f"no reason beside {requirement}"


@pytest.mark.parametrize("package", ["offline", "map", "comms", "console"])
def test_each_package_opens_with_a_page(package: str) -> None:
    page = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert 8 <= len(page.splitlines()) <= 30
    named = {name.partition(".")[0].strip("/") for name in re.findall(r"`([\w./]+)`", page)}
    modules = {p.stem for p in (ROOT / package).iterdir()}
    assert len(named & modules) >= 4, f"the page of {package} names too little of what is there"


def test_the_architecture_page_follows_one_click() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:offline|map|comms|console)/[\w/]+\.(?:py|js))`", page):
        assert (ROOT / name).exists(), f"docs/architecture.md names {name}"
    assert "console/actions.py" in page and "offline/store.py" in page and "comms/session.py" in page


def test_the_guide_s_first_lines_do_what_they_say(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", guide, re.S)
    assert block
    for line in block[1].splitlines():
        fenghuo(*line.split()[1:], cwd=tmp_path)
