"""The guarded reader: encodings, places of trouble, and a tree that keeps order."""

from __future__ import annotations

import pytest

from comms.errors import CapRefused, FeedRefused
from comms.feeds.xmltree import Limits, decode, parse

LIMITS = Limits(max_bytes=10_000, max_elements=100)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("gb18030", "GB18030"), ("gbk", "gb2312"), ("big5", "Big5"), ("utf-16", "UTF-16"), ("utf-8-sig", "utf-8")],
)
def test_foreign_encodings_read_as_what_they_say(encoding: str, declared: str) -> None:
    root = parse(f'<?xml version="1.0" encoding="{declared}"?><a>中文</a>'.encode(encoding), LIMITS)
    assert root.text == "中文"


def test_bytes_that_are_not_in_their_encoding_are_refused_with_the_place() -> None:
    with pytest.raises(CapRefused, match="the bytes at 3 are not utf-8"):
        decode(b"abc\xff")
    with pytest.raises(FeedRefused):
        decode(b"\xff\xff\xff", FeedRefused)


def test_trouble_names_its_line_and_column() -> None:
    with pytest.raises(CapRefused, match="mismatched tag at line 2, column 7"):
        parse(b"<a>\n <b></a>", LIMITS)


def test_the_tree_keeps_order_namespaces_and_text() -> None:
    root = parse(b'<a xmlns:x="urn:x"><x:b k="1"> one </x:b><c/><b>two<!-- no --><![CDATA[ <3>]]></b></a>', LIMITS)
    assert [(node.name, node.space, node.text) for node in root.walk()] == [
        ("a", "", ""),
        ("b", "urn:x", "one"),
        ("c", "", ""),
        ("b", "", "two <3>"),
    ]
    assert root.children[0].attrs == {"k": "1"} and root.get("none") == "" and len(root.all("b")) == 2
