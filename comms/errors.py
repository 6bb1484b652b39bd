"""The errors of the wire and of everything read from outside, known trouble apart from our own bugs.

    CommsError                  a `FenghuoError` that came from outside this machine
        DocumentRefused         bytes that cannot be read as what they should be; nothing was taken in
            CapRefused          not one readable CAP alert
            FeedRefused         not a readable feed of alerts
        FetchFailed             a document could not be fetched; the last good copy stays
        BadFrame                bytes on a link that are no frame of ours; the link is closed
        LinkRefused             the other side of a link is not one to talk to (or says so of us); a person must look
        LinkFailed              a link could not be made or fell; it is tried again by itself

Codes of `DocumentRefused`: ``too_big`` ``encoding`` ``doctype`` ``not_well_formed`` ``too_deep`` ``too_many_elements``
``not_an_alert`` ``several_alerts`` ``missing`` ``bad_status`` ``bad_msg_type`` ``not_a_feed`` ``empty`` ``unreadable``,
``index_only`` (a title and a link, no alert).
Codes of `FetchFailed`: ``timeout`` ``too_big`` ``encoding`` ``status`` ``redirect`` ``not_allowed`` ``refused``
``unreadable``.
"""

from __future__ import annotations

from offline.errors import FenghuoError


class CommsError(FenghuoError):
    """Trouble that came over a link or out of somebody else's file."""

    code = "comms"


class DocumentRefused(CommsError):
    """Bytes that are not what they should be. `reason` is the code and the words, fit for one line of output."""

    code = "unreadable"
    safe = "Nothing of it was taken in."
    do = "Ask the sender for it again, or look at it by hand."

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)

    @property
    def reason(self) -> str:
        """`CODE: words`, what a list of results shows."""
        return f"{self.code}: {self.message}"


class CapRefused(DocumentRefused):
    """Not one readable CAP alert."""


class FeedRefused(DocumentRefused):
    """Not a readable feed of alerts."""


class FetchFailed(CommsError):
    """A document could not be fetched.

    Args:
        code: one of the codes above.
        message: what happened.
        status: the HTTP status when there was one.
        retry_after_s: seconds the server asked us to wait, when it did.
    """

    code = "refused"
    safe = "The last good copy is kept and shown with its age."
    do = "It is tried again by itself; check the address and the network if it stays."

    def __init__(
        self, code: str, message: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.retry_after_s = retry_after_s


class BadFrame(CommsError):
    """Bytes on a link that are no frame of this protocol."""

    code = "malformed"
    safe = "Nothing of it was taken in."
    do = "It is tried again by itself; if it stays, compare the versions of both sides."


class LinkRefused(CommsError):
    """One side of a link will not talk to the other; retried slowly, shown as an alarm and never as *offline*.

    Codes: ``certificate`` ``other_realm`` ``not_admitted`` ``out_of_scope`` ``version``.
    """

    code = "refused"
    safe = "Nothing was exchanged."
    do = "Check which centre and node this address belongs to, and whether its admission stands."


class LinkFailed(CommsError):
    """A link could not be made, or fell."""

    code = "link"
    safe = "Everything shown as saved is on disk here and goes out when the link is back."
    do = "It is tried again by itself."
