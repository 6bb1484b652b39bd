"""What the chips of the status strip read. Pure."""

from __future__ import annotations

from console import words
from console.i18n import Tongue
from console.models.picture import Picture
from console.words import Piece

WARNINGS_MAX = 4
ORDER = (
    "realm", "posture", "centre", "alone", "leader", "officer", "warnings", "links", "hub", "unsent", "as_of", "clock",
)  # fmt: skip
FOLDED_FIRST = ("hub", "leader", "officer", "centre")
"""What goes into one chip when the row is too narrow, first one first; the rest always stays."""


def texts(t: Tongue, picture: Picture, now_ms: int) -> dict[str, Piece]:
    """Each chip's text and tone, warnings left out; an empty text is not shown."""
    signed_in = picture.person["id"] if picture.person else None
    return {
        "realm": Piece(words.realm(t, picture.realm), "strong"),
        "posture": Piece(t("strip.peacetime"), "strong"),
        "centre": Piece(words.line(picture.name_of(picture.centre), 24), "strong"),
        "alone": words.alone(t, picture.alone_since, now_ms),
        "leader": Piece(t("strip.leader", names=words.names_of(t, picture.persons, "leader", signed_in))),
        "officer": Piece(t("strip.officer", names=words.names_of(t, picture.persons, "duty", signed_in))),
        "links": words.links(
            t, picture.centres, picture.centre, now_ms, alone=picture.alone_since is not None
        ),
        "hub": words.hub(t, picture.links),
        "unsent": words.unsent(t, picture.unsent),
        "as_of": words.as_of(t, picture.centres, picture.centre, now_ms),
        "clock": Piece(words.clock(now_ms, now_ms, seconds=True), "strong"),
    }


def warnings(t: Tongue, picture: Picture, now_ms: int) -> list[Piece]:
    """One chip for each warning in force, the worst first, those beyond the limit counted."""
    rows = [words.warning_chip(t, w, now_ms) for w in picture.warnings[:WARNINGS_MAX]]
    more = len(picture.warnings) - WARNINGS_MAX
    if more > 0:
        rows.append(Piece(t("strip.warnings_more", n=more), "strong"))
    return rows or [Piece(t("strip.no_warnings"), "quiet")]
