"""The floors may only look down. import-linter checks packages; this reads the code for what it cannot see: the
standard library's network, clocks and chance on the lower floors, and `import map`, which would hide the builtin."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ["offline", "map", "comms", "console"]

NETWORK = {"socket", "ssl", "asyncio", "http", "urllib.request", "socketserver", "smtplib", "ftplib", "selectors",
           "httpx", "httpcore", "requests", "urllib3", "websockets", "anyio"}  # fmt: skip
QT = {"PySide6", "shiboken6", "qasync"}
CHANCE = {"random", "uuid"}  # ids and dice are handed in, so that a day replays the same
FORBIDDEN = {
    "offline": NETWORK | QT | CHANCE | {"map", "comms", "console"},
    "map": NETWORK | QT | CHANCE | {"comms", "console"},
    "comms": QT | {"map", "console"},
    "console": set(),
}
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, inside functions too, and of `import_module("name")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from ((node.lineno, str(arg.value)) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def upward(floor: str, source: str) -> list[str]:
    """What a module of `floor` may not import or call, one line of text each."""
    tree = ast.parse(source)
    out = []
    for line, name in imports(tree):
        parents = {name.rsplit(".", n)[0] for n in range(name.count(".") + 1)}
        out += [f"line {line}: imports {found}" for found in parents & FORBIDDEN[floor]]
    if floor in ("offline", "map"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (call := ".".join(ast.unparse(node.func).split(".")[-2:])) in CLOCKS:
                out.append(f"line {node.lineno}: calls {call}(); the time is handed in")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == "map" and not alias.asname for alias in node.names):
            out.append(f"line {node.lineno}: `import map` hides the builtin; write `from map import ...`")
    return sorted(set(out))


def modules(floor: str) -> list[Path]:
    """All Python files of a package."""
    return sorted((ROOT / floor).rglob("*.py"))


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_looks_down_only(floor: str) -> None:
    assert modules(floor), f"{floor} has no modules"
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in modules(floor)
        if (found := upward(floor, path.read_text("utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("offline", "import socket"),
        ("offline", "def f():\n    from urllib import request"),
        ("offline", "from map.features import feature"),
        ("offline", "import datetime\nx = datetime.datetime.now()"),
        ("offline", "import uuid"),
        ("map", "import asyncio.events"),
        ("map", "import importlib\nimportlib.import_module('PySide6.QtCore')"),
        ("map", "import time\nx = time.time()"),
        ("comms", "from PySide6 import QtCore"),
        ("comms", "from map import features"),
        ("console", "import map"),
    ],
)
def test_a_look_up_is_seen(floor: str, source: str) -> None:
    assert upward(floor, source)


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("offline", "from urllib.parse import quote"),
        ("map", "from offline import records\nx = map(str, [1])"),
        ("comms", "import asyncio, ssl\nfrom offline.store import Store"),
        ("console", "from map import features\nfrom PySide6 import QtCore"),
    ],
)
def test_a_look_down_is_fine(floor: str, source: str) -> None:
    assert upward(floor, source) == []


@pytest.mark.parametrize("floor", FLOORS)
def test_each_package_opens_with_a_page_and_each_module_with_its_role(floor: str) -> None:
    page = ast.get_docstring(ast.parse((ROOT / floor / "__init__.py").read_text("utf-8"))) or ""
    assert 10 <= len(page.splitlines()) <= 25, f"{floor}/__init__.py: a page of 10 to 25 lines for the newcomer"
    silent = [
        str(path.relative_to(ROOT))
        for path in modules(floor)
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
