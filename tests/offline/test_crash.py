"""Killed without warning, on a real disk: what was acknowledged is there. And random histories with every oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import damage, histories, kill

KILLS = 20


def test_what_a_killed_process_acknowledged_is_there(tmp_path: Path) -> None:
    figures = kill.run(tmp_path, KILLS, seed=1)
    assert figures["kills"] == KILLS and figures["acked"] > KILLS


@pytest.mark.parametrize("seed", [3, 198, 326])  # 198 and 326 failed once
def test_a_random_history_ends_in_agreement(tmp_path: Path, seed: int) -> None:
    assert histories.run(tmp_path, seed)["ops"]


def test_spoiled_bytes_move_nothing(tmp_path: Path) -> None:
    assert damage.run(tmp_path, 1000, seed=2)["damaged"] == 1000
