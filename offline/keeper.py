"""The keeper's duty: answer each ask on its centre's resources once, committing only what a person asked for."""

from __future__ import annotations

from offline.errors import Refused
from offline.store import Change, Draft, Store
from offline.view import Record, View

ANSWERS_MAX = 32  # in one commit, so that one flood of asks does not hold the writer


def answers(view: View) -> list[Draft]:
    """What the keeper writes now: for each resource of this centre with open asks, the oldest ask's answer."""
    asked = [r for r in view.list("resource", limit=5000) if r["centre"] == view.centre and r["asks"]]
    return [_answer(r) for r in asked[:ANSWERS_MAX]]


def _answer(resource: Record) -> Draft:
    ask = resource["asks"][0]
    want, record = ask["data"]["want"], bytes.fromhex(resource["id"])
    free = resource["stage"] in ("available", "asked")
    if want == "commit" and free and ask["data"].get("task"):
        return Draft("resource.commit", {"ask": ask["op"], "task": ask["data"]["task"]}, record)
    if want == "release" and resource["stage"] == "committed":
        return Draft("resource.release", {"ask": ask["op"]}, record)
    reason = "already committed" if want == "commit" else "not committed"
    return Draft("resource.refuse", {"ask": ask["op"], "reason": reason}, record)


def serve(store: Store, view: View) -> list[Change]:
    """Answer what is open when this node is its centre's keeper; one commit a resource, so that none blocks another."""
    if not store.is_keeper:
        return []
    done = []
    for draft in answers(view):
        try:
            done.append(store.commit([draft]))
        except Refused:
            continue  # somebody's later op made the step unlawful; the next look decides anew
    return done
