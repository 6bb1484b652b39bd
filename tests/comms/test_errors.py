"""Refusals say a code and a reason, and tell a person what is safe."""

from __future__ import annotations

from comms.errors import CapRefused, CommsError, DocumentRefused, FetchFailed
from offline.errors import FenghuoError


def test_one_tree() -> None:
    assert issubclass(CapRefused, DocumentRefused) and issubclass(DocumentRefused, CommsError)
    assert issubclass(FetchFailed, CommsError) and issubclass(CommsError, FenghuoError)


def test_a_refusal_in_one_line_and_as_json() -> None:
    refused = CapRefused("doctype", "it carries a DOCTYPE")
    assert refused.reason == "doctype: it carries a DOCTYPE"
    assert set(refused.as_json()) == {"code", "message", "safe", "do"} and refused.as_json()["code"] == "doctype"
    failed = FetchFailed("status", "it answered 503", status=503, retry_after_s=60)
    assert (failed.code, failed.status, failed.retry_after_s) == ("status", 503, 60)
