"""The words on screen, Chinese and English: one TOML table for each language, both with every key.

Words follow the trade's own glossary. Code never holds a sentence for a person; it asks a `Tongue` for a key:
`t("strip.unsent", n=3)`. Sentences that come up from the lower floors in English (a rule's reason, what is safe, what
to do) are looked up under `[sentences]` and stay as they are when no translation is known.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

LANGUAGES = ("zh", "en")


class Tongue:
    """One language's words.

    Args:
        language: `zh` or `en`. table: the nested table of its TOML file.
    """

    def __init__(self, language: str, table: dict[str, Any]) -> None:
        self.language = language
        self.sentences: dict[str, str] = table.get("sentences", {})
        self.words: dict[str, str] = _flat({k: v for k, v in table.items() if k != "sentences"})

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key, with `{name}` filled in. KeyError for a key that the table does not have."""
        text = self.words[key]
        return text.format(**values) if values else text

    def get(self, key: str, default: str) -> str:
        """The words for a key, or the default: for keys that come from data, such as a stage."""
        return self.words.get(key, default)

    def sentence(self, text: str) -> str:
        """A lower floor's English sentence in this language, or as it is."""
        head, _, why = text.partition(": ")
        if f"{head}: " in self.sentences and why:
            return self.sentences[f"{head}: "] + self.sentences.get(why.rstrip("."), why)
        return self.sentences.get(text, text)


def _flat(table: dict[str, Any], above: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            out.update(_flat(value, f"{above}{key}."))
        else:
            out[above + key] = str(value)
    return out


@lru_cache(maxsize=len(LANGUAGES))
def tongue(language: str) -> Tongue:
    """The words of `zh` or `en`; Chinese for anything else."""
    name = language if language in LANGUAGES else "zh"
    text = resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return Tongue(name, tomllib.loads(text))
