"""Questions the desk asks before an action: each a sheet opened with `open()`, never a nested loop.

A sheet has fields with names (`order.title`), `NAME.ok` and `NAME.cancel`; Ctrl+Enter answers, Esc goes back and the
draft is kept by the window. It answers by a signal with plain values; validation is a pure function of these.
"""
