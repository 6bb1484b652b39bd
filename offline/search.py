"""Chinese full-text search by bigrams made here: a trigram index would find no two-character word."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_RUN = re.compile(r"[々〇㐀-鿿豈-﫿\U00020000-\U0003134f]+|[0-9A-Za-z]+")
TEXT_MAX = 20_000  # characters of one record that are searchable


def _plain(text: str) -> str:
    """Full-width letters and digits as plain ones, all in lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def terms(text: str) -> list[str]:
    """The words of a text as the index holds them: pairs of neighbouring Chinese characters, whole Latin words."""
    out: list[str] = []
    for run in _RUN.findall(_plain(text[:TEXT_MAX])):
        if run[0].isascii():
            out.append(run)
        else:
            out.extend(run[i : i + 2] for i in range(len(run)))  # the last is a single character, for one-letter search
    return out


def query(text: str) -> str:
    """The same text as a query: each run a phrase, all of them needed; empty when nothing can be searched."""
    phrases = []
    for run in _RUN.findall(_plain(text[:200])):
        if run[0].isascii() or len(run) == 1:
            phrases.append(f'"{run}"*')
        else:
            phrases.append('"' + " ".join(run[i : i + 2] for i in range(len(run) - 1)) + '"')
    return " ".join(phrases)


def text_of(fields: dict[str, Any]) -> str:
    """What of a record's fields a person may look for, as index terms joined by spaces."""
    parts = [v for k, v in fields.items() if isinstance(v, str) and k not in ("incident", "task", "parent", "source")]
    return " ".join(terms("\n".join(parts)))
