"""Torture: what the ground floor must survive, tried at random from a seed and judged by the oracles of the design.

    python -m tests.torture short            a few of each, within a minute; one line of figures; exit 0 only if clean
    python -m tests.torture histories 500    that many random histories, from seed 0 (or the third word)
    python -m tests.torture kill 100         that many kills (SIGKILL) of a writing process
    python -m tests.torture bytes 20000      that many damaged ops, statements and beats

A failure prints its seed; the same seed fails again.
"""
