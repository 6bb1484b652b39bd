"""`python -m tests.bench NAME [--json]`."""

from __future__ import annotations

import sys

from tests.bench import main

sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "smoke", as_json="--json" in sys.argv))
