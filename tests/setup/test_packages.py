"""The Debian package list against what the dynamic linker says of Qt's files: nothing needed may be missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIST = ROOT / "resources/set-up/debian-packages.txt"

MODULES = ["QtCore", "QtGui", "QtWidgets", "QtNetwork", "QtSvg", "QtPrintSupport", "QtWebChannel", "QtWebEngineCore",
           "QtWebEngineWidgets"]  # fmt: skip
PLUGINS = ["platforms/libqxcb.so", "platforms/libqoffscreen.so", "xcbglintegrations", "imageformats", "iconengines",
           "platforminputcontexts"]  # fmt: skip
# Not needed to run, each with its reason:
OPTIONAL = {
    "libqtvirtualkeyboardplugin.so",  # an on-screen keyboard; we type
    "libqpdf.so",  # reads PDF as an image; we do not
}

pytestmark = pytest.mark.skipif(
    shutil.which("dpkg-query") is None or shutil.which("ldd") is None, reason="needs dpkg and ldd"
)


def run(*argv: str | Path) -> str:
    """Standard output of a tool that must succeed, in plain English."""
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout


def listed() -> set[str]:
    """Package names of the list."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def qt_files() -> list[Path]:
    """What of the PySide6 wheel the program loads: modules, plugins, the web engine's own process."""
    import PySide6

    home = Path(PySide6.__file__).parent
    files = [home / "Qt/libexec/QtWebEngineProcess", *(home / f"{name}.abi3.so" for name in MODULES)]
    for name in PLUGINS:
        found = home / "Qt/plugins" / name
        files += sorted(found.glob("*.so")) if found.is_dir() else [found]
    files = [path for path in files if path.name not in OPTIONAL]
    assert [path for path in files if not path.exists()] == []
    return files


def linked(files: list[Path]) -> dict[str, str]:
    """What `ldd` finds for each library name that `files` ask for, through others too; "" for one not found."""
    out: dict[str, str] = {}
    for line in run("ldd", *files).splitlines():
        if match := re.match(r"\s+(\S+) => (not found|/\S+)", line):
            out[match[1]] = "" if match[2] == "not found" else match[2]
    return out


def asked_by_qt(files: list[Path], found: dict[str, str], home: Path) -> set[str]:
    """Names of libraries outside the wheel that its files name themselves, by their dynamic section."""
    ours = [Path(os.path.realpath(path)) for path in found.values() if path and home in Path(path).parents]
    dynamic = run("readelf", "-dW", *files, *ours)
    shipped = {name for name, path in found.items() if path and home in Path(path).parents}
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)) - shipped


def owners(paths: dict[str, str]) -> dict[str, str]:
    """The Debian package that owns each file, whether /lib is a link to /usr/lib or not; "" for none."""
    spellings = {
        name: {path, real, real.removeprefix("/usr"), "/usr" + path}
        for name, path in paths.items()
        if (real := os.path.realpath(path))
    }
    asked = sorted(set().union(*spellings.values()))
    answer = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True).stdout
    package = {line.split(": ", 1)[1]: line.split(":")[0] for line in answer.splitlines() if ": /" in line}
    return {name: next((package[at] for at in some if at in package), "") for name, some in spellings.items()}


def base_packages() -> set[str]:
    """Essential packages and all they depend on: what every Debian has, however bare."""
    table: dict[str, list[str]] = {}
    essential: list[str] = []
    template = "${Package}\t${Essential}\t${Pre-Depends}, ${Depends}\n"
    for line in run("dpkg-query", "-W", f"-f={template}").splitlines():
        name, flag, depends = line.split("\t")
        table[name] = [re.split(r"[ :(|]", part.strip())[0] for part in depends.split(",") if part.strip()]
        if flag == "yes":
            essential.append(name)
    base: set[str] = set()
    while essential:
        if (name := essential.pop()) not in base:
            base.add(name)
            essential += table.get(name, [])
    return base


@pytest.fixture(scope="module")
def needed() -> dict[str, str]:
    """Each system library that Qt's files name, with the package that owns it."""
    import PySide6

    files = qt_files()
    found = linked(files)
    names = asked_by_qt(files, found, Path(PySide6.__file__).parents[1])
    assert "libxcb-cursor.so.0" in names and "libnss3.so" in names  # the tools were read right
    return owners({name: found[name] for name in sorted(names) if found.get(name)})


def unlisted(needed: dict[str, str], packages: set[str]) -> dict[str, str]:
    """Needed libraries whose package neither is in the list nor on every Debian."""
    have = packages | base_packages()
    return {name: package for name, package in needed.items() if package not in have}


def test_every_library_of_qt_is_found() -> None:
    missing = sorted(name for name, path in linked(qt_files()).items() if not path)
    assert missing == [], f"ldd finds no {missing}: add their packages to {LIST.name}"


def test_every_library_of_qt_is_in_the_package_list(needed: dict[str, str]) -> None:
    assert unlisted(needed, listed()) == {}, f"add these packages to {LIST.name}"


@pytest.mark.parametrize("package", ["libnss3", "libxcb-cursor0", "libegl1", "libgssapi-krb5-2"])
def test_a_package_left_out_is_noticed(needed: dict[str, str], package: str) -> None:
    assert package in unlisted(needed, listed() - {package}).values()


def test_all_of_the_list_is_installed() -> None:
    installed = set(run("dpkg-query", "-W", "-f=${Package} ${Provides}\n").replace(",", " ").split())
    assert sorted(listed() - installed) == [], "run `make setup`"
