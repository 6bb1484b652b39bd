"""What somebody typed reaches a terminal as text only, and bad words to the command end in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from comms.control import Request, ask
from tests.helpers.command import ROOT, fenghuo, running

HOSTILE = "dam\x1b[2J\x1b]0;owned\x07\n00000000  closed  \u009b31m\u202eworn"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city's desk with an incident of a hostile title."""
    path = tmp_path_factory.mktemp("hostile") / "desk"
    fenghuo("centre", "init", "--centre", "huaian", profile=path)
    fenghuo("incident", "add", "--title", HOSTILE, profile=path)
    return path


def obeyed(text: str) -> set[str]:
    """Characters that a terminal would not simply show."""
    return {c for c in text if not c.isprintable() and c != "\n"}


def test_a_list_gives_the_terminal_no_orders(profile: Path) -> None:
    out = fenghuo("incident", "list", profile=profile).stdout
    assert out.count("\n") == 1 and not obeyed(out) and "\\u001b[2J" in out


def test_json_gives_the_terminal_no_orders_and_loses_nothing(profile: Path) -> None:
    out = fenghuo("incident", "list", "--json", profile=profile).stdout
    assert not obeyed(out) and json.loads(out)["title"] == HOSTILE


def test_an_error_gives_the_terminal_no_orders(profile: Path) -> None:
    err = fenghuo("incident", "show", "\x1b[2J\nabcdef", profile=profile, expect=1).stderr
    assert err.count("\n") == 1 and not obeyed(err)


def test_bad_words_end_in_one_sentence(profile: Path, tmp_path: Path) -> None:
    (tmp_path / "ops").write_text("zz\n")
    for words in (
        ["incident", "add", "--title", "\udcff"],
        ["store", "lacks", "--ops-file", str(tmp_path / "ops")],
        ["store", "lacks", "--ops-file", str(tmp_path / "none")],
        ["store", "lacks", "--ops-file", "/dev/zero"],
        ["incident", "list", "--secret-file", "/dev/zero"],
        ["incident", "list", "--profile", str(tmp_path / "ops")],
    ):
        done = fenghuo(*words, profile=None if "--profile" in words else profile, expect=1)
        assert done.stderr.count("\n") == 1, words


def test_feeds_are_listed_before_and_after_they_are_read(profile: Path, tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text("<x/>")
    fenghuo("feed", "add", feed, profile=profile)
    assert "not read yet" in fenghuo("feed", "list", profile=profile).stdout
    fenghuo("feed", "poll", feed, profile=profile, expect=None)
    assert "not read yet" not in fenghuo("feed", "list", profile=profile).stdout


def test_a_bad_address_to_listen_on_is_named(profile: Path) -> None:
    assert "host:99999" in fenghuo("hub", "--listen", "host:99999", profile=profile, expect=1).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_hub_asks_for_room_for_all_its_peers() -> None:
    code = (
        "import resource as r; hard = r.getrlimit(r.RLIMIT_NOFILE)[1]; r.setrlimit(r.RLIMIT_NOFILE, (200, hard))\n"
        "from console.cli.programs import FILES, _room_for_peers; _room_for_peers()\n"
        "print(r.getrlimit(r.RLIMIT_NOFILE)[0] == (FILES if hard < 0 else min(FILES, hard)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_running_program_answers_words_that_it_cannot_carry_out(profile: Path) -> None:
    with running("hub", profile=profile):
        answer = ask(profile / "run" / "control.sock", Request(["hub"], "/"), 30)
    assert answer.exit == 1 and answer.stderr.count("\n") == 1
