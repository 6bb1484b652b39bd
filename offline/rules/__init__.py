"""The rules: tables and pure functions that answer "may this happen, and if not, why not".

* `roles` names what people on duty are; `kinds` lists every kind of op: which record it stands on, which stage it
  starts from and leads to, who may write it, from which centre, and what it carries;
* `incident`, `task`, `resource`, `warning` and `desk` hold the rows of that table for each record.

A rule never reads a clock, a database or a setting. This is version 1 of the
tables; an authority statement will move a realm to the next.
"""
