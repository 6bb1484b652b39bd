"""The command line's grammar, as tables. Imports nothing but argparse, so that help comes at once."""

from __future__ import annotations

import argparse
from typing import Any

Option = tuple[tuple[str, ...], dict[str, Any]]


def arg(*names: str, **how: Any) -> Option:
    """One argument as argparse wants it."""
    return names, how


ID = arg("ID", help="id of the record, or its first characters (6 or more)")
REASON = arg("--reason", required=True, help="why")
POSITION = arg("--position", metavar="LON,LAT", help="longitude,latitude in degrees, WGS-84")
LIMIT = arg("--limit", type=int, default=200, metavar="N", help="at most so many (200)")
LIST: list[Option] = [
    arg("--stage", help="only those at this stage"),
    arg("--open", action="store_true", help="only those that still ask for something"),
    arg("--search", metavar="TEXT", help="only those with these words"),
    LIMIT,
]
STEP: list[Option] = [ID]
STEP_WHY: list[Option] = [ID, REASON]
NOTE: list[Option] = [ID, arg("text")]

RECORDS: dict[str, tuple[str, dict[str, tuple[str, list[Option]]]]] = {
    "incident": (
        "incidents 突发事件",
        {
            "list": ("list incidents, newest first", [*LIST, arg("--bbox", metavar="W,S,E,N", help="inside this box")]),
            "show": ("one incident whole", [ID]),
            "add": (
                "report an incident 接报",
                [
                    arg("--title", required=True),
                    arg("--type", help="class code, such as 11B03"),
                    arg("--grade", choices=["I", "II", "III", "IV"]),
                    arg("--place"),
                    POSITION,
                    arg("--words"),
                    arg("--occurred-at", metavar="TIME"),
                ],
            ),
            "accept": ("accept 受理", STEP),
            "verify": ("verify 核实", STEP),
            "handle": ("handling 处置", STEP),
            "check": ("check 核查", STEP),
            "close": ("close 办结", [ID, arg("--anyway", action="store_true", help="even with open orders")]),
            "next": ("the next stage", STEP),
            "return": ("return 退回", STEP_WHY),
            "void": ("make void 作废", STEP_WHY),
            "reopen": ("reopen", STEP_WHY),
            "grade": ("set the grade 定级", [ID, arg("grade", choices=["I", "II", "III", "IV"])]),
            "edit": (
                "change fields",
                [ID, arg("--title"), arg("--type"), arg("--place"), POSITION, arg("--words"), arg("--occurred-at")],
            ),
            "merge": ("merge into another", [ID, arg("--into", required=True, metavar="ID")]),
            "share": ("let centres see it", [ID, arg("--to", required=True, nargs="+", metavar="CENTRE")]),
            "note": ("add a note", NOTE),
        },
    ),
    "warning": (
        "warnings 预警",
        {
            "list": ("list warnings", LIST),
            "show": ("one warning whole", [ID]),
            "import": (
                "read CAP alerts from files as proposals",
                [arg("files", nargs="+", metavar="FILE", help="CAP documents")],
            ),
            "accept": ("act on it: in force until lifted, passed down", STEP),
            "incident": ("make it an incident", [ID, arg("--title"), arg("--place")]),
            "dismiss": ("dismiss with a reason", STEP_WHY),
            "lift": ("lift with a reason 解除", STEP_WHY),
            "note": ("add a note", NOTE),
        },
    ),
    "task": (
        "orders 指令",
        {
            "list": ("list orders", LIST),
            "show": ("one order whole, with its ticks", [ID]),
            "add": (
                "order a centre to do something",
                [
                    arg("--title", required=True),
                    arg("--to", required=True, metavar="CENTRE"),
                    arg("--incident", metavar="ID"),
                    arg("--text"),
                    arg("--due", dest="due_at", metavar="TIME|+MIN", help="by when"),
                    arg("--parent", metavar="ID"),
                ],
            ),
            "accept": ("accept 签收", STEP),
            "start": ("under way 执行中", STEP),
            "done": ("done 完成", STEP),
            "check": ("check off 核验销号", STEP),
            "decline": ("decline 退回", STEP_WHY),
            "withdraw": ("withdraw 撤销", STEP_WHY),
            "again": ("order again", STEP_WHY),
            "note": ("add a note", NOTE),
        },
    ),
    "resource": (
        "resources 力量物资",
        {
            "list": ("list resources", LIST),
            "show": ("one resource whole", [ID]),
            "add": (
                "register a resource",
                [
                    arg("--name", required=True),
                    arg(
                        "--type",
                        required=True,
                        choices=["team", "vehicle", "equipment", "supply", "shelter", "expert", "hospital"],
                    ),
                    POSITION,
                    arg("--phone"),
                    arg("--quantity", type=int),
                    arg("--unit"),
                    arg("--plate"),
                ],
            ),
            "send": ("ask the keeper to commit it to an order 派遣", [ID, arg("--task", required=True, metavar="ID")]),
            "release": ("ask the keeper to release it 归建", STEP),
            "edit": ("change fields", [ID, arg("--name"), arg("--phone"), POSITION]),
            "withdraw": ("out of service", STEP_WHY),
            "restore": ("back in service", STEP),
            "note": ("add a note", NOTE),
        },
    ),
    "call": (
        "calls 接报记录",
        {
            "list": ("list calls", LIST),
            "show": ("one call", [ID]),
            "add": (
                "take a call",
                [arg("--words", required=True), arg("--caller"), arg("--phone"), arg("--place"), POSITION],
            ),
            "incident": ("make it an incident", [ID, arg("--title", required=True), arg("--type"), arg("--place")]),
            "note": ("add a note", NOTE),
        },
    ),
    "log": (
        "the journal 大事记",
        {
            "list": ("list entries", LIST),
            "show": ("one entry", [ID]),
            "add": ("write an entry", [arg("text"), arg("--incident", metavar="ID"), arg("--at", metavar="TIME")]),
        },
    ),
    "conflict": (
        "conflicts 冲突",
        {
            "list": ("records with an open conflict", [LIMIT]),
            "settle": (
                "keep one side",
                [ID, arg("--keep", required=True, metavar="N|OP", help="side by number or op id")],
            ),
        },
    ),
}

CENTRE_INIT: list[Option] = [
    arg("--centre", required=True, metavar="PATH", help="such as huaian/lianshui"),
    arg("--under", metavar="PARENT_PROFILE", help="profile of the centre above, whose officer signs"),
    arg("--under-secret-file", metavar="FILE", help="secret of that officer (else the same secret)"),
    arg("--name", help="what people call the centre"),
    arg("--person", default="值班员", help="first officer (值班员)"),
    arg("--roles", default="duty,leader,security", help="roles of the first officer, separated by commas"),
    arg("--phone", default=""),
    arg("--hub", metavar="DIR", help="make the hub's profile in this folder too"),
    arg("--hub-secret-file", metavar="FILE", help="secret that opens the hub's profile (else the same secret)"),
    arg("--language", default="zh", choices=["zh", "en"]),
]

GROUPS: dict[str, tuple[str, dict[str, tuple[str, list[Option]]]]] = {
    **RECORDS,
    "centre": (
        "found centres and their nodes",
        {
            "init": ("found a centre with its desk", CENTRE_INIT),
            "add-node": (
                "a profile for another desk or hub of this centre",
                [
                    arg("--use", required=True, choices=["desk", "hub"]),
                    arg("--out", required=True, metavar="DIR"),
                    arg("--person", help="person of the new desk"),
                    arg("--node-secret-file", metavar="FILE", required=True),
                ],
            ),
            "list": ("centres known here", []),
        },
    ),
    "place": ("centres and places", {"list": ("centres known here", [])}),
    "person": (
        "people on duty",
        {
            "list": ("people known here", []),
            "add": (
                "a person at this centre",
                [
                    arg("--name", required=True),
                    arg("--roles", default="duty"),
                    arg("--phone", default=""),
                    arg("--new-secret-file", metavar="FILE", required=True),
                ],
            ),
        },
    ),
    "feed": (
        "alert feeds",
        {
            "add": ("poll this feed while the console runs", [arg("source", metavar="URL|FILE")]),
            "list": ("feeds of this desk", []),
            "poll": ("read a feed now", [arg("source", metavar="URL|FILE")]),
        },
    ),
    "sync": (
        "links to other centres",
        {
            "status": ("links, what waits, last word of each centre", []),
            "once": ("link, exchange what there is, and stop", [arg("--seconds", type=float, default=20.0)]),
        },
    ),
    "store": (
        "the cache on this machine",
        {
            "digest": ("what two nodes compare", [arg("--for", dest="for_centre", metavar="CENTRE")]),
            "rebuild": ("fold everything anew from the log", []),
            "lacks": (
                "which of these ops are not stored here",
                [arg("--ops-file", required=True, metavar="FILE", help="op ids, one a line")],
            ),
        },
    ),
    "map": (
        "map packs",
        {
            "packs": ("packs on this machine", []),
            "import": (
                "import boundaries (GeoJSON)",
                [arg("file", metavar="FILE"), arg("--datum", default="wgs84", choices=["wgs84", "gcj02"])],
            ),
        },
    ),
    "window": (
        "the open window of a running console, for tests and demonstrations",
        {
            "shot": ("a picture of it", [arg("path"), arg("--width", type=int), arg("--height", type=int)]),
            "state": ("what it shows", []),
            "press": ("press a button", [arg("name")]),
            "select": ("select a record", [arg("ID")]),
            "fill": ("type into a field", [arg("name"), arg("text")]),
            "fit": ("let the map look at everything it holds", []),
            "say": ("show a caption", [arg("text")]),
            "probe": ("ask the map: shown, at ID, hit X Y", [arg("what"), arg("args", nargs="*")]),
        },
    ),
}

SINGLE: dict[str, tuple[str, list[Option]]] = {
    "demo": (
        "city, county and town on this machine, on real input",
        [
            arg("--headless", action="store_true", help="the same windows, off screen, with pictures and a report"),
            arg("--out", metavar="DIR", help="where report and pictures go"),
            arg("--feed", metavar="FILE|URL", help="somebody else's alerts instead of ours"),
            arg("--language", default="zh", choices=["zh", "en"]),
            arg("--kill-seed", type=int, metavar="N", help="also kill a process at a moment drawn from this seed"),
            arg("--keep", action="store_true", help="keep the throw-away profiles"),
        ],
    ),
    "console": (
        "the desktop",
        [
            arg("--hub", action="append", metavar="URL", help="hub to link to"),
            arg("--size", metavar="WxH", help="of the window"),
        ],
    ),
    "hub": (
        "a centre's hub",
        [
            arg("--listen", metavar="HOST:PORT", help="where consoles and other hubs link to"),
            arg("--parent", metavar="URL", help="the hub of the centre above"),
        ],
    ),
    "bench": ("measure", [arg("name", help="startup, catchup, search, bbox or smoke")]),
}


def build() -> argparse.ArgumentParser:
    """The whole parser."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--profile", default=argparse.SUPPRESS, metavar="DIR", help="folder of the node")
    common.add_argument("--realm", default=argparse.SUPPRESS, metavar="NAME", help="live, or a drill's name")
    common.add_argument("--as", dest="person", default=argparse.SUPPRESS, metavar="PERSON", help="who is acting")
    common.add_argument("--secret-file", default=argparse.SUPPRESS, metavar="FILE", help="file with the secret")
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON output")
    parser = argparse.ArgumentParser(
        prog="fenghuo", parents=[common],
        description="Fenghuo 烽火: emergency coordination that keeps working when the network does not.",
        epilog="Secrets come from a prompt, --secret-file or FENGHUO_SECRET, never from an argument.",
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="group", metavar="VERB", required=True)
    for name, (text, options) in SINGLE.items():
        _add(verbs.add_parser(name, help=text, description=text, parents=[common]), options)
    for name, (text, table) in GROUPS.items():
        group = verbs.add_parser(name, help=text, description=text, parents=[common])
        inner = group.add_subparsers(dest="verb", metavar="ACTION", required=True)
        for verb, (about, options) in table.items():
            _add(inner.add_parser(verb, help=about, description=about, parents=[common]), options)
    return parser


def _add(parser: argparse.ArgumentParser, options: list[Option]) -> None:
    for names, how in options:
        parser.add_argument(*names, **how)
