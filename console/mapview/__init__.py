"""The map as a widget: the page, its address scheme, its guard and its one channel.

Words:
    scheme    `fenghuo-map://map/...`, the only address there is; served from the table in `map/assets.py`
    guard     counts and refuses every request that is not of the scheme
    bridge    the object the page sees: JSON text in, JSON text out
    view      `MapView`, the widget; its dict of features is the truth, the page is only its picture
    probe     questions to the page about what it really drew

Which way it flows: features -> `MapView.set_features` / `apply` -> coalesced per id -> one JSON text about ten times a
second -> the page draws -> `painted`. Clicks come back as ids. When the page's process dies it is loaded again and
told everything again.

Order at start, before any QApplication: `flags.chromium_flags()`, then `scheme.register_scheme()`. At the end:
`view.close_map()`, then `view.close_profile()`. This page imports nothing, so that the flags can be set first.
"""
