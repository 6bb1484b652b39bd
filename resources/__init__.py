"""Data of ours that the program ships, and nothing that runs: code tables, demonstration documents, plan templates.

`package.json` names the map page's libraries, which set-up installs into `node_modules` beside it; they are never
committed. `demo/` holds the documents of the demonstration's alert feed, `set-up/` what a fresh machine needs.
"""
