"""Both languages say everything, with the same blanks to fill in."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from console.i18n import LANGUAGES, tongue
from offline import errors
from offline.rules.roles import ROLES
from offline.rules.table import KINDS, RECORDS

BLANKS = string.Formatter()
ROOT = Path(__file__).parents[3] / "console"


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in BLANKS.parse(text) if name}


def test_both_languages_have_every_key_and_the_same_blanks() -> None:
    zh, en = (tongue(x).words for x in ("zh", "en"))
    assert zh.keys() == en.keys()
    assert {k: blanks(v) for k, v in zh.items()} == {k: blanks(v) for k, v in en.items()}
    assert all(v.strip() for table in (zh, en) for v in table.values())


def test_every_key_that_the_code_asks_for_is_there() -> None:
    asked = set()
    for path in ROOT.rglob("*.py"):
        asked.update(re.findall(r"""\bt\(\s*"([a-z0-9_.]+)\"""", path.read_text(encoding="utf-8")))
    assert len(asked) > 100
    assert not asked - tongue("zh").words.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_verb_and_role_of_the_rules_has_a_word(language: str) -> None:
    words = tongue(language).words
    stages = {f"stage.{k.record}.{k.to}" for k in KINDS.values() if k.record in RECORDS and k.to}
    verbs = {f"verb.{k.name}" for k in KINDS.values() if k.record in RECORDS and k.shape == "step"}
    assert not (stages | verbs | {f"role.{r}" for r in ROLES}) - words.keys()


def test_every_reason_of_the_rules_and_advice_of_an_error_is_known_in_chinese() -> None:
    said = {k.why for k in KINDS.values() if k.why}
    for name in vars(errors).values():
        if isinstance(name, type) and issubclass(name, errors.FenghuoError):
            said |= {name.safe, name.do}
    assert not said - tongue("zh").sentences.keys()


def test_an_unknown_language_is_chinese_and_an_unknown_sentence_stays() -> None:
    assert tongue("xx").language == "zh"
    assert tongue("zh").sentence("Never heard of.") == "Never heard of."


def test_no_chinese_in_the_english_table() -> None:
    assert not [k for k, v in tongue("en").words.items() if re.search(r"[\u4e00-\u9fff]", v)]
