"""Who carries a verb out: the program that has the profile open, or this one after unlocking it."""

from __future__ import annotations

import argparse
import getpass
import io
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import platformdirs

from console.cli.parser import build
from offline.errors import BadInput, FenghuoError, Locked

SECRET_MAX = 1_000
_ORDERS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys, and those that turn the direction of text."""


@dataclass
class Context:
    """What a verb is handed: words, output, the folder paths start from, and how to get a desk when it needs one."""

    args: argparse.Namespace
    out: TextIO
    err: TextIO
    cwd: Path
    desk: Any = None
    """A `console.desk.Desk`; None for a verb that needs none."""
    stdin: str = ""
    exit: int = field(default=0)

    @property
    def json(self) -> bool:
        """Whether JSON was asked for."""
        return bool(getattr(self.args, "json", False))

    def path(self, text: str) -> Path:
        """A path as the caller meant it."""
        return (self.cwd / text).resolve()

    def one(self, value: dict[str, Any], *lines: str | None) -> None:
        """Print one object: JSON on one line, or a line (or more) for a person."""
        for_person = [plain(line) for line in lines if line is not None]
        self.out.write("\n".join([_dumps(value)] if self.json or not for_person else for_person) + "\n")


def plain(text: str) -> str:
    """One line in which what somebody typed can give the terminal no orders: such characters are shown as escapes."""
    return _ORDERS.sub(lambda found: " " if found[0] in "\n\t" else f"\\u{ord(found[0]):04x}", text)


def _dumps(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ORDERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def start(args: argparse.Namespace, argv: list[str]) -> int:
    """Run a parsed command in this process's own terminal; returns the exit code."""
    try:
        return _start(args, argv)
    except FenghuoError as error:
        tell(error, sys.stderr, as_json=getattr(args, "json", False))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone
        return 1


def tell(error: FenghuoError, err: TextIO, *, as_json: bool) -> None:
    """One sentence, or `{"error": {code, message, safe, do}}`."""
    err.write((_dumps({"error": error.as_json()}) if as_json else plain(str(error))) + "\n")


def _start(args: argparse.Namespace, argv: list[str]) -> int:
    if args.group in ("demo", "console", "hub", "bench"):
        return _program(args)
    ctx = Context(args, sys.stdout, sys.stderr, Path.cwd())
    needs = _needs(args)
    if needs == "nothing":
        return carry(ctx)
    profile = profile_path(args)
    if needs == "maybe" and not (profile / "config.toml").exists():
        return carry(ctx)
    answer = _ask_running(profile, argv)
    if answer is not None:
        sys.stdout.write(answer.stdout)
        sys.stderr.write(answer.stderr)
        return int(answer.exit)
    if args.group == "window":
        raise Locked("No console runs on this profile.", code="not_running", do="Start `fenghuo console` first.")
    return _alone(ctx, profile)


def _needs(args: argparse.Namespace) -> str:
    """Whether a verb needs an open profile: `profile`, `maybe` (reads and reports without one) or `nothing`."""
    if (args.group, args.verb) == ("centre", "init"):
        return "nothing"
    if (args.group, args.verb) in (("warning", "import"), ("feed", "poll")):
        return "maybe"
    return "profile"


def profile_path(args: argparse.Namespace) -> Path:
    """`--profile`, else FENGHUO_PROFILE, else the platform's data folder."""
    given = getattr(args, "profile", None) or os.environ.get("FENGHUO_PROFILE")
    return Path(given) if given else Path(platformdirs.user_data_dir("fenghuo", appauthor=False)) / "profile"


def _ask_running(profile: Path, argv: list[str]) -> Any:
    socket = profile / "run" / "control.sock"
    if not socket.exists():
        return None
    from comms.control import NotRunning, Request, ask

    try:
        return ask(socket, Request(argv, os.getcwd()))
    except NotRunning:
        return None


def _alone(ctx: Context, path: Path) -> int:
    from console.desk import Desk

    with open_profile(ctx.args, path) as opened:
        ctx.desk = Desk(opened)
        code = carry(ctx)
        _serve_own_asks(ctx.desk)
        return code


def _serve_own_asks(desk: Any) -> None:
    """A desk that keeps its own resources answers its asks even when no link runs."""
    from offline.keeper import serve

    if desk.opened.store.is_keeper:
        serve(desk.opened.store, desk.view)


def open_profile(args: argparse.Namespace, path: Path) -> Any:
    """Unlock a profile with the secret given; Locked, NotFound."""
    from console.desk import wall_ms
    from offline.profile import Profile

    profile = Profile.at(path)
    person = getattr(args, "person", None) if args.group != "centre" else None
    secret = read_secret(getattr(args, "secret_file", None), f"Secret for {path}: ")
    return profile.unlock(secret, person=person, wall=wall_ms, random=os.urandom, realm=getattr(args, "realm", "live"))


def read_secret(file: str | None, prompt: str) -> str:
    """The secret from a file, FENGHUO_SECRET or a prompt; never from an argument."""
    if file:
        try:
            with Path(file).open(encoding="utf-8") as given:
                return given.read(SECRET_MAX).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"The secret's file {file} cannot be read.", code="no_secret") from error
    if os.environ.get("FENGHUO_SECRET"):
        return os.environ["FENGHUO_SECRET"]
    if not sys.stdin.isatty():
        raise BadInput("No secret was given.", code="no_secret", do="Use --secret-file or FENGHUO_SECRET.")
    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise BadInput("No secret was given.", code="no_secret") from None


def carry(ctx: Context) -> int:
    """Carry a verb out; known trouble becomes a sentence on its error output and exit code 1."""
    from console.cli.verbs import VERBS

    verb: Callable[[Context], None] | None = VERBS.get((ctx.args.group, getattr(ctx.args, "verb", "")))
    try:
        if verb is None:
            raise BadInput(f"A running program cannot carry out `{ctx.args.group}`.")
        verb(ctx)
    except FenghuoError as error:
        tell(error, ctx.err, as_json=ctx.json)
        return 1
    return ctx.exit


def carry_for(desk: Any, argv: list[str], cwd: str, stdin: str = "") -> tuple[str, str, int]:
    """Carry out what another process of this user asked over the control socket: (stdout, stderr, exit code)."""
    out, err = io.StringIO(), io.StringIO()
    try:
        args = build().parse_args(argv)
    except SystemExit as stop:  # argparse has said why in the other process already
        return "", "bad usage\n", int(stop.code or 0)
    ctx = Context(args, out, err, Path(cwd), desk, stdin)
    try:
        _check_person(args, desk)
        code = carry(ctx)
    except FenghuoError as error:
        tell(error, err, as_json=ctx.json)
        code = 1
    return out.getvalue(), err.getvalue(), code


def _check_person(args: argparse.Namespace, desk: Any) -> None:
    """The running program acts for whoever is signed in there, and for nobody else."""
    if getattr(args, "realm", desk.realm) != desk.realm:
        raise Locked(f"The running program works in realm {desk.realm}.", code="other_realm")
    wanted, signed = getattr(args, "person", None), (desk.person or {}).get("name")
    if wanted and wanted != signed:
        raise Locked(f"{signed or 'nobody'} is signed in at the running program, not {wanted}.", code="other_person")


def _program(args: argparse.Namespace) -> int:
    if args.group == "hub":
        from console.cli.programs import run_hub

        return run_hub(args)
    if args.group == "console":
        from console.cli.programs import run_console

        return run_console(args)
    if args.group == "demo":
        from console.demo import run_demo

        return run_demo(args)
    from console.cli.programs import run_bench

    return run_bench(args)
