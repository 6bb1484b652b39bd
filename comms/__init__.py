"""The wire: how one centre's records reach another, and how alerts from outside reach a desk.

Two halves that share only the errors:

* the **links** between centres: `protocol` (frames as bytes), `session` (sans-I/O: frames in, events out, frames to
  send, wake me at), `link` (the short loops that pump a session over a websocket), `client` and `hub` (dialling and
  listening), `tls` (who is who), `door` (the store on one worker thread), `node` (all of that for one open profile:
  start here), `relay` (a cable to cut in drills), `control` (the local socket of a running node);
* the **feeds** of alerts: `fetch` (one guarded HTTP read with caps on bytes and time), `feeds` (CAP alerts, indexes of
  them, the poller).

Five words: a *hub* keeps a centre's ops and passes them on; a *link* is one connection between two nodes; a *frame* is
one message on it; a *feed* is a list of alerts that an authority publishes; an *alert* is a proposal, never an order.

Data flows in through `session` or `feeds`, always as bytes that are checked before anything else looks at them, and
goes up as values (`Change`, alert JSON); it flows out of the store's outbox through `session`. Nothing here decides
what a record means: that is `offline`, the only package of ours that may be imported here. No Qt, and `map` is unknown.
Clocks and random numbers are handed in.
"""
