"""XML under guard: bytes to a light tree, or a refusal that says where and why. Nothing external is ever looked up."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from comms.errors import CapRefused, DocumentRefused

MAX_DEPTH = 64  # a CAP alert is 6 deep, in an envelope 11; deep nesting has only ever been an attack
MAX_ATTRIBUTES = 64  # CAP uses none; more than this on one element is an attack on the duplicate check
_ENCODING = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# GB2312 and GBK documents in the wild hold GB18030 characters; the larger set reads all three.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
_KNOWN = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb18030|big5hkscs|shift_jis|euc_jp|euc_kr|utf-16(-[lb]e)?|utf-32-[lb]e"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a document is read, and which error says that it is too much."""

    max_bytes: int
    max_elements: int
    error: type[DocumentRefused] = CapRefused


class Node:
    """One element: local name, namespace, attributes by local name, children in order, its own text."""

    __slots__ = ("attrs", "children", "line", "name", "parts", "space")

    def __init__(self, name: str, space: str = "", text: str = "", line: int = 0) -> None:
        self.name = name
        self.space = space
        self.attrs: dict[str, str] = {}
        self.children: list[Node] = []
        self.parts: list[str] = [text] if text else []
        self.line = line

    @property
    def text(self) -> str:
        """The element's own text without the spaces around it."""
        return "".join(self.parts).strip()

    def all(self, name: str) -> list[Node]:
        """The children of that local name, in order."""
        return [child for child in self.children if child.name == name]

    def child(self, name: str) -> Node | None:
        """The first child of that local name."""
        return next((child for child in self.children if child.name == name), None)

    def get(self, name: str) -> str:
        """The text of the first child of that name, or an empty string."""
        child = self.child(name)
        return child.text if child is not None else ""

    def add(self, name: str, text: str = "") -> Node:
        """Append a child in the same namespace and return it."""
        child = Node(name, self.space, text, self.line)
        self.children.append(child)
        return child

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, in document order."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed(node.children))


def decode(data: bytes, error: type[DocumentRefused] = CapRefused) -> str:
    """The document as text, by byte order mark, declared encoding or UTF-8.

    Raises `error` with code ``encoding`` when the encoding is unknown or the bytes are not in it.
    """
    name, start = _encoding_of(data)
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    found = _WIDER.get(found, found)
    if not _KNOWN.fullmatch(found):
        raise error("encoding", f"the encoding {name!r} is not one this program reads")
    try:
        return data[start:].decode(found)
    except UnicodeDecodeError as trouble:
        raise error("encoding", f"the bytes at {start + trouble.start} are not {found}") from None


def _encoding_of(data: bytes) -> tuple[str, int]:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name, len(mark)
    declared = _ENCODING.match(data)
    return (declared.group(1).decode("ascii") if declared else "utf-8"), 0


def parse(data: bytes, limits: Limits) -> Node:
    """The root element of an XML document.

    Raises `limits.error` with one of ``too_big`` ``encoding`` ``doctype`` ``too_deep`` ``too_many_elements``
    ``not_well_formed``. Entities beyond XML's own five do not exist here, because no DOCTYPE is let in.
    """
    if len(data) > limits.max_bytes:
        raise limits.error("too_big", f"{len(data)} bytes, more than the {limits.max_bytes} that are read")
    text = decode(data, limits.error)
    builder = _Builder(limits)
    parser = builder.parser()
    try:
        # In one piece: a token that arrives in many pieces would be scanned again for each.
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as trouble:
        where = f"line {trouble.lineno}, column {trouble.offset + 1}"
        raise limits.error("not_well_formed", f"{expat.ErrorString(trouble.code)} at {where}") from None
    finally:
        builder.release()
    if builder.root is None:
        raise limits.error("not_well_formed", "there is no element in it")
    return builder.root


class _Builder:
    """Expat's handlers. An exception raised in one stops the parse at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.root: Node | None = None
        self.open: list[Node] = []
        self.count = 0
        self._parser: expat.XMLParserType | None = None

    def parser(self) -> expat.XMLParserType:
        """A parser that calls this builder; the encoding is given because the text was transcoded."""
        parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.StartDoctypeDeclHandler = self.doctype
        self._parser = parser
        return parser

    def release(self) -> None:
        """Let go of the parser, which holds on to this builder: the tree is then freed when its user lets go of it."""
        self._parser = None

    def start(self, name: str, attrs: dict[str, str]) -> None:
        self.count += 1
        line = self._parser.CurrentLineNumber if self._parser is not None else 0
        self._check(line, len(attrs))
        space, _, local = name.rpartition(" ")
        node = Node(local, space, line=line)
        if attrs:
            node.attrs = {key.rpartition(" ")[2]: value for key, value in attrs.items()}
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node
        self.open.append(node)

    def _check(self, line: int, attributes: int) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise self.limits.error("too_deep", f"more than {MAX_DEPTH} elements inside one another at line {line}")
        if self.count > self.limits.max_elements:
            words = f"more than {self.limits.max_elements} elements at line {line}"
            raise self.limits.error("too_many_elements", words)
        if attributes > MAX_ATTRIBUTES:
            raise self.limits.error("too_many_elements", f"{attributes} attributes on one element at line {line}")

    def end(self, _name: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        self.open[-1].parts.append(text)

    def doctype(self, name: str, _system: str | None, _public: str | None, _internal: bool) -> None:
        raise self.limits.error("doctype", f"it carries a DOCTYPE ({name[:40]}); alerts have none, attacks do")
