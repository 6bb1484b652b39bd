"""Which buttons a record has, and why one is off: the rules' own reasons."""

from __future__ import annotations

from typing import Any

import pytest

from console.i18n import tongue
from console.panels.choices import Choice, Me, choices, straight_next
from offline.rules.table import KINDS, RECORDS

ZH = tongue("zh")
DUTY = Me("a/b", frozenset({"duty"}), ("a/b/c", "a"))


def name_of(path: str) -> str:
    return f"<{path}>"


def record(kind: str, stage: str, centre: str = "a/b", **more: Any) -> dict[str, Any]:
    return {"id": "0" * 64, "kind": kind, "stage": stage, "centre": centre, "conflicts": [], "asks": [], **more}


def on(made: list[Choice]) -> set[str]:
    return {c.name.partition(".")[2] for c in made if c.on}


@pytest.mark.parametrize(
    ("kind", "stage", "enabled"),
    [
        ("incident", "reported", {"accept", "return", "void", "grade", "add"}),
        ("incident", "accepted", {"verify", "return", "void", "grade", "add"}),
        ("incident", "dispatched", {"handle", "check", "grade", "add"}),
        ("incident", "checked", {"close", "reopen", "grade", "add"}),
        ("incident", "closed", {"reopen", "grade"}),
        ("warning", "proposed", {"act", "incident", "dismiss"}),
        ("warning", "in_force", {"incident", "lift"}),
        ("warning", "lifted", set()),
        ("resource", "available", {"send", "withdraw"}),
        ("resource", "committed", {"release"}),
        ("resource", "asked", set()),
        ("resource", "out_of_service", {"restore"}),
        ("call", "taken", {"incident"}),
        ("call", "linked", set()),
    ],
)
def test_what_a_stage_allows(kind: str, stage: str, enabled: set[str]) -> None:
    made = choices(ZH, record(kind, stage), DUTY, name_of)
    # "asked" is what a view shows over "available": the table's own steps do not know it
    assert on(made) == enabled


@pytest.mark.parametrize("stage", ["ordered", "accepted", "under_way", "done", "declined"])
def test_our_own_receipts_and_the_sender_s_checks(stage: str) -> None:
    ours = choices(ZH, record("task", stage, "a", to="a/b"), DUTY, name_of)
    assert {"check", "again", "withdraw"}.isdisjoint(on(ours)), "the order is the city's, not ours to end"
    sent = choices(ZH, record("task", stage, "a/b", to="a"), DUTY, name_of)
    assert {"accept", "start", "done", "decline"}.isdisjoint(on(sent)), "only its target signs for it"


def test_for_a_centre_below_it_is_named_so_and_never_the_easy_way() -> None:
    task = record("task", "ordered", to="a/b/c")
    made = choices(ZH, task, DUTY, name_of)
    accept = next(c for c in made if c.name == "task.accept")
    assert accept.on and accept.label == "代录签收" and "F5" not in accept.keys
    assert straight_next(task, made, DUTY) is None


@pytest.mark.parametrize("kind", RECORDS)
def test_nobody_signed_in_may_do_nothing_and_is_told_why(kind: str) -> None:
    for choice in choices(ZH, record(kind, "reported", to="a/b"), Me("a/b"), name_of):
        assert choice.why == "没有人登录。"


def test_a_role_that_may_not_command_is_told_which_may() -> None:
    made = choices(ZH, record("incident", "reported"), Me("a/b", frozenset({"field"})), name_of)
    assert not on(made)
    assert "值班员" in made[0].why


def test_another_centre_s_record_names_whose_it_is() -> None:
    made = choices(ZH, record("incident", "reported", "a"), DUTY, name_of)
    assert next(c for c in made if c.name == "incident.accept").why == "只有<a>或其上级可以办。"


@pytest.mark.parametrize("kind", ["incident", "task", "warning", "resource", "call"])
def test_places_of_buttons_do_not_depend_on_the_stage(kind: str) -> None:
    stages = {k.to for k in KINDS.values() if k.record == kind and k.to}
    orders = {tuple(c.name for c in choices(ZH, record(kind, s, to="a/b"), DUTY, name_of)) for s in stages}
    assert len(orders) == 1


def test_keys() -> None:
    made = choices(ZH, record("incident", "accepted"), DUTY, name_of)
    assert [c.keys for c in made[:3]] == ["1", "2 F5", "3 F4"]
    assert made[9].keys == "", "there are nine digits"
