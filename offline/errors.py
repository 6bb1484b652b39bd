"""The errors of the ground floor, known trouble apart from our own bugs.

    FenghuoError                a sentence for a person: what happened, what is safe, what to do
        Refused                 a rule says no; nothing was changed
        BadInput                what was given cannot be read; nothing was changed
            Malformed           bytes that are no op, statement, frame or file of ours
        NotFound                no such record, person or file here
        Locked                  the profile is closed, in use, or the secret is wrong
        StoreTrouble            the disk or the database file; what was acknowledged is safe
            NeverSaved          the change at hand was not written
        TooNew                  made by a newer program; kept, not touched

Bugs of ours stay `AssertionError`, `TypeError` and so on: they are not caught as if they were weather.
"""

from __future__ import annotations


class FenghuoError(Exception):
    """Known trouble, told to a person as one sentence.

    Args:
        code: short stable word for programs, such as ``refused`` or ``wrong_secret``.
        message: what happened, lower case inside, a sentence for the person.
        safe: what is safe in spite of it.
        do: what to do next.
    """

    code = "trouble"
    safe = "Nothing was changed."
    do = "Try again; if it stays, tell whoever keeps this installation."

    def __init__(
        self, message: str, *, code: str | None = None, safe: str | None = None, do: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.safe = safe if safe is not None else type(self).safe
        self.do = do if do is not None else type(self).do

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.safe, self.do) if part)

    def as_json(self) -> dict[str, str]:
        """The error as `{code, message, safe, do}`, all strings."""
        return {"code": self.code, "message": self.message, "safe": self.safe, "do": self.do}


class Refused(FenghuoError):
    """A rule says no."""

    code = "refused"
    do = "Check the stage and your role, or ask the centre named in the reason."


class BadInput(FenghuoError):
    """What was given cannot be read."""

    code = "bad_input"
    do = "Correct what is named and give it again."


class Malformed(BadInput):
    """Bytes that are not what they should be."""

    code = "malformed"
    do = "Ask the sender for it again."


class NotFound(FenghuoError):
    """Nothing here by that name."""

    code = "not_found"
    do = "Look it up with the list of that kind; more may arrive when a link is back."


class Locked(FenghuoError):
    """The profile is closed, or somebody else holds it."""

    code = "locked"
    do = "Give the secret of a person of this profile, or close the program that uses it."


class StoreTrouble(FenghuoError):
    """The disk or the database file."""

    code = "store"
    safe = "Everything shown as saved is on disk."
    do = "Free space or check the disk, then do it again."


class NeverSaved(StoreTrouble):
    """The change at hand could not be written."""

    code = "not_saved"
    safe = "Everything shown as saved is on disk; this last change is not."


class TooNew(FenghuoError):
    """Written by a newer program."""

    code = "too_new"
    safe = "The file was not touched."
    do = "Use the newer program for it."
