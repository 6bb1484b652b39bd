"""Tables over lists of plain records, and the picture they are filled from.

* `picture` reads everything the first sight needs through a view, bounded, on the reader's thread;
* `chosen` reads what region 4 shows about one record; `mapfeed` keeps the map's features;
* `table` is the one Qt model: columns are pure functions of a record, and a new list changes only the rows that differ;
* `inbox`, `incidents`, `resources`, `clocks`, `journal` say which columns each table has.

Data flows one way: view → picture → `RecordTable.show` → cells. Nothing here writes.
"""
