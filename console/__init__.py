"""What people see and press: the window, the command line, the demo. The only floor that knows Qt.

* `desk` is an open profile at work; `actions` holds every action of the desk as one small function, reached by button
  (`panels/`, `dialogs/`), key (`shortcuts`) and command line (`cli/`);
* `app` starts the program: the window on Qt's thread, links and the store's writer on a worker thread with its own
  asyncio loop; `bridge` turns a store's `Change` into one queued signal a few times a second;
* `mainwindow` lays out the duty desk; `models/` are tables over lists of plain records, `panels/` the regions,
  `statusbar/` the strip, `mapview/` the Qt pieces of the map, `theme` colours and type, `i18n/` the words;
* `demo/` plays the whole story on this machine with real hubs, consoles and windows.

Which way data flows: a key or a button calls an action with the desk, on the worker thread; the store answers with a
`Change`; the bridge tells the panels which records differ; they read them anew through their own view and repaint only
what changed. Text, colour and whether a button is enabled come from pure functions of a record.
"""
