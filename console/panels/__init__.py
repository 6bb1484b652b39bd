"""The regions of the desk, and the pure tables behind their buttons and typed commands.

* `choices` says what may be done with a record, by which button and digit, and why not (pure);
* `commands` reads a typed line and says what it will do and to whom (pure);
* `facts` says what region 4 writes about a record (pure);
* `tables` is regions 2, 5 and 6: a head, a table, a filter; `selected` is region 4; `intake` the form over it;
  `journal` and `commandline` are the lines one types in; `mapregion` keeps the map, or says why there is none.

A panel shows what it is handed and tells by signals what was pressed; `mainwindow` wires them to the desk's actions.
"""
