"""Alerts from outside: from the bytes of a feed to alert JSON that a duty officer can judge.

    bytes ──xmltree──▶ tree ──dialects──▶ tree in standard words ──cap──▶ alert JSON ──poller──▶ on_alert

* `xmltree` reads XML under guard: no DOCTYPE, caps on size, depth and count, foreign encodings turned into UTF-8 first.
* `dialects` turns China's 12379 documents into standard CAP words, and knows colours and the names of event codes.
* `cap` reads one alert: CAP 1.2, 1.1 or 1.0, with or without a namespace, in several languages.
* `index` and `jsonfeeds` read lists of alerts: Atom, RSS, EDXL-DE, MeteoAlarm, NWS, ECCC, AlertSwiss, CMA, USGS.
* `entry` is one item of such a list; `poller` asks again and again, politely: ETag, backoff, the last good copy kept in
  the store by `keep`, each alert told once.

Words: an *alert* is one message of an authority; its *infos* say the same in several languages; an *area* has polygons,
circles and geocodes; *status* tells real from Exercise, Test, System and Draft; *references* name the alerts that an
Update or Cancel is about; *problems* are what was wrong in the document and what was done about it.

An alert is a proposal: nothing here shows or obeys it. Values that cannot be true are dropped and named in
`problems`; a document that is not one alert is refused with a reason.
"""
