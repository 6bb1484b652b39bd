"""The picture: records become marks on a page that never touches a network.

Words:
    record    what `offline` keeps, as the JSON-like dict its views return
    feature   one drawn thing: id, kind, symbol, label, position, areas, rank, stage, mark (`features.py`)
    symbol    outline + one glyph + where its colour comes from (`symbols.py`); colour is never the only sign
    pack      a file of region boundaries that an operator imported, keyed by 12-digit code (`packs.py`)
    asset     a local file the page may load (`assets.py`); whatever is not in that table does not exist

Which way it flows: record -> `features.feature()` -> JSON text over one channel -> `web/` draws it on our own canvas
and says what it drew (`probe`). folium makes the page's shell once (`page.py`) and never sees a person's text.

Rules of this floor: no Qt, no network, no clock. It may import `offline`, never `comms` or `console`. `map` is also
a builtin: write `from map import features`, never `import map`. Positions are `[lon, lat]` in WGS-84; a datum is a
type and changes only at the edges (`datum.py`).
"""
