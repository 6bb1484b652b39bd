"""The ground floor: the whole system, alone, in the dark.

Everything a desk knows and may decide lives here, with no network and no window. The five words you need:

* an **op** is one signed change by one person on one node, appended to that node's **chain** and never edited (`ops`);
* a **record** is what the ops on one subject add up to: an incident, a task, a resource (`records`, `merge`);
* the **authority history** says who may do what; it is judged from above only (`authority`, `trust`);
* the **rules** are tables: which step follows which, who may take it, and why not (`rules/`);
* the **store** is the one door for writes; local clicks and ops from elsewhere take it alike (`store`).

Which way data flows: a draft or a batch from a peer enters `Store.commit` or `Store.receive`; it is checked
(`ops`, `authority`), appended (`log`), the records it touches are folded (`merge`) and their current state is written
for panels (`cache`), all in one durable transaction; out comes one typed `Change`. Panels, the map and the command
line read through `view`. Keys rest in the `vault`; a node's folder is a `profile`, made by `founding`. `log` answers
what one side has that the other lacks, `beats` are signed words on what a node holds, and only a centre's `keeper`
commits its resources.

This package imports nothing of ours and no module that could reach a network; `tests/test_layering.py` says so.
Wall time, randomness and secrets are handed in, so that a whole outage replays in milliseconds.
"""
