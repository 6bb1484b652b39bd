"""The `fenghuo` command: parse first, load the rest only when there is work to do."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    from console.cli.parser import build

    arguments = sys.argv[1:] if argv is None else argv
    parsed = build().parse_args(arguments)

    from console.cli.run import start

    return start(parsed, arguments)


if __name__ == "__main__":
    sys.exit(main())
