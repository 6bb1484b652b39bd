"""The wire: hubs as processes, desks by commands only, everything the story does without a window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.helpers.command import error_of, fenghuo, free_port, one, rows, running

TREE = (
    ("city", "huaian", "淮安市"),
    ("county", "huaian/lianshui", "涟水县"),
    ("town", "huaian/lianshui/gaogou", "高沟镇"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Three centres founded by command, their three hubs running; the desks are profiles without a program."""
    folder = tmp_path_factory.mktemp("tree")
    above: list[str] = []
    for key, path, name in TREE:
        fenghuo("centre", "init", "--centre", path, "--name", name, "--person", f"{name}值班员", *above,
                "--hub", folder / f"{key}-hub", profile=folder / key)  # fmt: skip
        above = ["--under", str(folder / key)]
    with ExitStack() as stack:
        parent: list[str] = []
        for key, _, _ in TREE:
            port = free_port()
            stack.enter_context(running("hub", "--listen", f"127.0.0.1:{port}", *parent, profile=folder / f"{key}-hub"))
            parent = ["--parent", f"wss://127.0.0.1:{port}"]
            config = folder / key / "config.toml"
            config.write_text(config.read_text().replace("hubs = []", f'hubs = ["wss://127.0.0.1:{port}"]'))
        yield {key: folder / key for key, _, _ in TREE} | {f"{key} hub": folder / f"{key}-hub" for key, _, _ in TREE}


def meet(tree: dict[str, Path], *keys: str) -> None:
    """Each desk links, exchanges and leaves."""
    for key in keys:
        assert one("sync", "once", profile=tree[key])["live"] == 1


def agree(tree: dict[str, Path]) -> bool:
    digests = {one("store", "digest", "--for", TREE[2][1], profile=path)["digest"] for path in tree.values()}
    return len(digests) == 1


def test_the_whole_story_without_a_window(tree: dict[str, Path]) -> None:
    city, county, town = tree["city"], tree["county"], tree["town"]
    incident = one("incident", "add", "--title", "高沟镇圩堤险情", "--position", "119.19,33.98", profile=city)[
        "record"
    ]["id"]
    one("incident", "accept", incident, profile=city)
    one("incident", "verify", incident, profile=city)
    order = one("task", "add", "--title", "组织抢险", "--to", TREE[1][1], "--incident", incident, profile=city)[
        "record"
    ]
    assert order["ticks"] == {"stored": True, "delivered": None, "accepted": None} and order["waiting"]
    meet(tree, "city", "county")
    assert one("task", "accept", order["id"], profile=county)["record"]["stage"] == "accepted"
    below = one("task", "add", "--title", "转移低洼住户", "--to", TREE[2][1], "--parent", order["id"], profile=county)[
        "record"
    ]
    meet(tree, "county", "city", "town")
    meet(tree, "county")
    ticks = one("task", "show", below["id"], profile=county)["ticks"]
    assert ticks["delivered"] and ticks["delivered"]["centre"] == TREE[2][1] and not ticks["accepted"]
    assert one("task", "show", order["id"], profile=city)["ticks"]["accepted"]["by"] == "涟水县值班员"

    team = one("resource", "add", "--name", "镇救援队", "--type", "team", profile=town)["record"]["id"]
    one("task", "accept", below["id"], profile=town)
    assert one("resource", "send", team, "--task", below["id"], profile=town)["record"]["stage"] == "asked"
    one("log", "add", "已转移 31 人", "--incident", incident, profile=town)
    one("task", "done", below["id"], profile=town)
    meet(tree, "town", "town", "county", "city")
    assert one("resource", "show", team, profile=town)["stage"] == "committed", "the town's hub keeps its resources"
    assert one("task", "check", below["id"], profile=county)["record"]["stage"] == "checked"
    assert any(r["text"] == "已转移 31 人" for r in rows("log", "list", profile=city))
    meet(tree, "county", "town", "city", "county", "town")
    assert agree(tree)


def test_what_is_not_for_a_centre_does_not_reach_it(tree: dict[str, Path]) -> None:
    secret = one("incident", "add", "--title", "市级内部事项", profile=tree["city"])["record"]["id"]
    meet(tree, "city", "town")
    assert one("store", "lacks", "--ops-file", str(_ids(tree, secret)), profile=tree["town"])["lacks"] == []
    assert error_of("incident", "show", secret, profile=tree["town"])["code"] == "not_found"
    assert rows("incident", "list", "--search", "内部事项", profile=tree["town"]) == []


def _ids(tree: dict[str, Path], record: str) -> Path:
    path = tree["city"].parent / "ids"
    path.write_text(record)
    return path


def test_a_stranger_is_refused_and_told_so(tree: dict[str, Path], tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    fenghuo("centre", "init", "--centre", "huaian", "--name", "别的淮安", profile=stranger)
    hub = (tree["city"] / "config.toml").read_text().split("hubs = [")[1].split("]")[0].strip().strip('",\n ')
    config = stranger / "config.toml"
    config.write_text(config.read_text().replace("hubs = []", f'hubs = ["{hub}"]'))
    done = fenghuo("sync", "once", "--seconds", "8", "--json", profile=stranger, expect=1)
    assert '"state": "refused"' in done.stdout and '"live": 0' in done.stdout
