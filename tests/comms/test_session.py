"""The link as a pure machine, played without sockets and with a clock of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms import protocol
from comms.protocol import WINDOW, Ping, Pong, Proof, Resync, Start, Stored
from comms.session import (
    CONTROL_MAX,
    RESYNCS_MAX,
    SKIP_MAX,
    Acked,
    AloneCame,
    BatchCame,
    BeatsCame,
    Closed,
    HelloCame,
    LinkState,
    LostCame,
    ResyncCame,
    StateChanged,
)
from offline.log import Outgoing
from offline.ops import Op
from offline.store import Cursor
from tests.helpers.playbook import Playbook, Side, batch, facts

CURSOR = Cursor("epoch of right", 5, b"r" * 32)


def greeted() -> Playbook:
    """Two sides that know each other's logs: left up to 5 of right's 7, right up to 5 of left's 5."""
    play = Playbook(facts("left", log_end=5, cursor=CURSOR), facts("right", log_end=7, cursor=CURSOR))
    play.greet()
    play.left.session.start(0, 5, 5)
    play.right.session.start(0, 5, 7)
    play.pass_on()
    return play


def frames(upto: int, after: int = 5, ops: int = 1) -> list[bytes]:
    """A batch as bytes."""
    out = Outgoing([], [Op(b"h" * 156, b"b")] * ops, [], upto, b"r" * 32)
    return protocol.encode_batch(out, after, "epoch of right")


def test_both_say_who_they_are_and_what_they_hold() -> None:
    play = Playbook(facts("left", log_end=4, cursor=CURSOR, proof=[b"p" * 60_000] * 5), facts("right"))
    play.greet()
    (came,) = play.right.came(HelloCame)
    assert came.hello.centre == "huaian" and came.hello.log_end == 4
    assert came.proof == [b"p" * 60_000] * 5, "a long proof comes whole over several frames"
    assert came.cursor == CURSOR
    (resync,) = play.left.came(ResyncCame)  # right has no cursor, so it tells its heads unasked
    assert resync.round == 1


def test_a_link_is_live_when_each_side_holds_what_the_other_had() -> None:
    play = greeted()
    assert play.left.session.state is LinkState.SYNCING
    play.right.session.offer(frames(7), 7, 0)
    play.pass_on()
    (came,) = play.left.came(BatchCame)
    assert came.cursor == Cursor("epoch of right", 7, b"r" * 32) and came.ops == [Op(b"h" * 156, b"b")]
    assert play.right.session.state is LinkState.SYNCING, "sent is not stored"
    play.left.session.stored(came)
    play.pass_on()
    assert play.right.came(Acked) == [Acked(7)]
    assert play.left.session.state is play.right.session.state is LinkState.LIVE
    moves = [e.new.value for e in play.left.came(StateChanged)]
    assert moves == ["greeting", "syncing", "live"]


def test_stored_is_said_only_when_told() -> None:
    play = greeted()
    play.right.session.offer(frames(7), 7, 0)
    play.pass_on()
    assert play.right.came(Acked) == [] and play.right.session.acked_pos == 5


def test_no_more_than_a_window_of_batches_is_under_way() -> None:
    play = greeted()
    for n in range(WINDOW):
        assert play.right.session.may_offer
        play.right.session.offer(frames(6 + n, 5 + n), 6 + n, 0)
    assert not play.right.session.may_offer
    play.pass_on()
    play.left.session.stored(play.left.came(BatchCame)[0])
    play.pass_on()
    assert play.right.session.may_offer


def test_who_sends_more_than_the_window_is_cut() -> None:
    side = greeted().left
    for n in range(WINDOW + 1):
        side.hears(batch(from_pos=5 + n, upto=6 + n))
    assert side.came(Closed)[0].code == "malformed"


def test_what_is_not_owed_is_acknowledged_without_a_frame() -> None:
    play = greeted()
    play.right.session.skip(9)
    play.right.gather()
    assert play.right.session.acked_pos == 9 and not play.right.out
    play.right.session.offer(frames(12, 9), 12, 0)
    play.right.session.skip(15)
    assert play.right.session.acked_pos == 9, "not before what went before is stored"
    play.pass_on()
    play.left.session.stored(play.left.came(BatchCame)[0])
    play.pass_on()
    assert play.right.session.acked_pos == 15


def test_not_too_much_is_passed_over_without_a_word() -> None:
    play = greeted()
    assert not play.right.session.may_skip(6), "until 7 something empty is still told: the peer waits for it"
    play.right.session.offer(frames(7), 7, 0)
    assert play.right.session.may_skip(9) and not play.right.session.may_skip(7 + SKIP_MAX)


def test_a_gap_is_answered_from_the_beginning_and_old_batches_are_dropped() -> None:
    play = greeted()
    play.right.session.offer(frames(6), 6, 0)
    play.pass_on()
    gap = play.left.came(BatchCame)[0]
    play.left.session.dropped()
    play.left.session.resync({(b"n" * 32, 1): 4})
    play.left.gather()
    play.right.session.offer(frames(7, 6), 7, 0)  # was under way before the resync arrived
    play.pass_on()
    assert play.left.came(BatchCame) == [gap]
    assert play.right.came(ResyncCame) == [ResyncCame(1, {(b"n" * 32, 1): 4})]
    assert not play.right.session.may_offer
    play.right.session.start(1, 0, 7)
    play.right.session.offer(frames(7, 0), 7, 0)
    play.pass_on()
    again = play.left.came(BatchCame)[-1]
    assert again.round == 1 and again.cursor.pos == 7
    play.left.session.stored(again)
    play.pass_on()
    assert play.left.session.state is play.right.session.state is LinkState.LIVE


def test_a_cursor_that_does_not_fit_is_told() -> None:
    play = greeted()
    play.left.session.lost()
    play.pass_on()
    assert play.right.came(LostCame) == [LostCame()]


def test_a_quarrel_without_end_is_ended() -> None:
    side = greeted().left
    for _ in range(RESYNCS_MAX + 1):
        side.session.resync({})
    side.gather()
    assert side.came(Closed)[0].code == "quarrel"


def test_a_silent_peer_is_noticed_within_fifteen_seconds() -> None:
    play = greeted()
    play.wait(30_000)
    assert not play.left.came(Closed), "pings keep a quiet link alive"
    cut_at = play.now
    while not play.left.came(Closed):  # nothing is carried any more
        play.now += 500
        play.left.events += play.left.session.time_passed(play.now)
        assert play.now <= cut_at + 15_000
    assert play.left.came(Closed)[0].code == "silent" and play.left.session.state is LinkState.OFFLINE


def test_the_machine_asks_to_be_woken_in_time() -> None:
    side = Side(facts("left"))
    now = 0
    for _ in range(20):
        now = side.session.wake_at()
        side.events += side.session.time_passed(now)
        if side.session.closed:
            break
    assert now == 10_000 and side.came(Closed)[0].code == "no_hello"


def test_who_does_not_store_in_time_is_cut_and_resyncs_later() -> None:
    play = greeted()
    play.right.session.offer(frames(7), 7, 0)
    play.wait(61_000)
    assert play.right.came(Closed)[0].code == "slow"
    assert play.left.came(Closed)[0] == Closed("slow", play.right.came(Closed)[0].sentence, by_peer=True)


def test_who_takes_nothing_is_cut_before_it_fills_the_memory() -> None:
    side = greeted().left
    for _ in range(CONTROL_MAX + 2):
        side.session.beat([b"beat"])
    side.gather()
    assert side.came(Closed)[0].code == "slow" and len(side.out) == 1, "only the goodbye is left"


def test_clocks_are_compared() -> None:
    side = Side(facts("left"))
    side.hears(protocol.Hello(0, 0, bytes(32), "a", bytes(32), "e", 0, 0, None, [], False))
    side.events += side.session.time_passed(0)
    (ping,) = side.said(Ping)
    side.hears(Pong(ping.number, 1_000 + 50 + 7_000), now=100)
    assert side.session.offset_ms == 7_000
    side.hears(Pong(99, 5), now=100)  # never asked
    assert side.session.offset_ms == 7_000


def test_beats_and_loneliness_pass() -> None:
    play = greeted()
    play.left.session.beat([b"one", b"two"])
    play.left.session.alone(77)
    play.pass_on()
    assert play.right.came(BeatsCame) == [BeatsCame([b"one", b"two"])] and play.right.came(AloneCame) == [AloneCame(77)]


@pytest.mark.parametrize("code", ["refused", "not_admitted", "certificate", "version"])
def test_a_refusal_is_not_offline_on_either_side(code: str) -> None:
    play = Playbook(facts("left"), facts("right"))
    play.pass_on()
    play.left.session.close(code, "Not this one.")
    play.pass_on()
    for side in (play.left, play.right):
        assert side.session.state is LinkState.REFUSED and side.came(Closed)[0].sentence == "Not this one."


def test_a_goodbye_is_the_last_word() -> None:
    play = greeted()
    play.right.session.offer(frames(7), 7, 0)
    play.right.session.close("stopping", "x" * 900)
    play.right.session.beat([b"late"])
    play.pass_on()
    (closed,) = play.left.came(Closed)
    assert closed.by_peer and closed.code == "stopping" and len(closed.sentence) == protocol.TEXT_MAX
    assert play.left.session.state is LinkState.OFFLINE and not play.left.came(BatchCame)


def test_other_versions_are_refused_with_both_named() -> None:
    side = Side(facts("left"))
    side.hears(protocol.Hello(9, 8, bytes(32), "a", bytes(32), "e", 0, 0, None, [], False))
    assert side.came(Closed)[0].code == "version" and "8 to 9" in side.came(Closed)[0].sentence


@pytest.mark.parametrize(
    "frame",
    [
        batch(),
        Stored(3),
        Start(0, 0, 0),
        Resync(1, [], False),
        protocol.Beats([]),
        protocol.Lost(),
        Proof([], False),
        protocol.Alone(1),
    ],
)
def test_nothing_counts_before_the_greeting(frame: protocol.Frame) -> None:
    side = Side(facts("left"))
    side.hears(frame)
    assert [c.code for c in side.came(Closed)] == ["malformed"]


@pytest.mark.parametrize(
    "frame",
    [
        batch(from_pos=2),
        batch(from_pos=9, upto=8),
        Resync(0, [], False),
        Resync(99, [], False),
        Proof([], False),
        protocol.Hello(0, 0, bytes(32), "a", bytes(32), "e", 0, 0, None, [], False),
    ],
)
def test_what_is_out_of_order_ends_the_link(frame: protocol.Frame) -> None:
    side = greeted().left
    side.hears(frame)
    assert [c.code for c in side.came(Closed)] == ["malformed"]


def test_a_batch_without_end_is_cut() -> None:
    side = greeted().left
    for _ in range(100):
        side.hears(batch(from_pos=5, upto=9, final=False, statements=[b"s" * 200_000]))
    assert side.came(Closed)[0].code == "malformed"


@pytest.mark.parametrize("what", ["statements", "ops", "sigs"])
def test_a_batch_of_very_many_nothings_is_cut(what: str) -> None:
    side = greeted().left
    nothing = {"statements": b"", "ops": (b"", None), "sigs": (bytes(32), 0, 0, b"")}[what]
    taken = 0
    while not side.came(Closed) and taken < 1_000_000:
        side.hears(batch(from_pos=5, upto=9, final=False, **{what: [nothing] * 5_000}))
        taken += 5_000
    assert side.came(Closed)[0].code == "malformed" and taken < 300_000


def test_a_proof_of_very_many_nothings_is_cut() -> None:
    side = Side(facts("left"))
    side.hears(protocol.Hello(0, 0, bytes(32), "a", bytes(32), "e", 0, 0, None, [b""] * 50_000, True))
    side.hears(Proof([b""] * 50_000, True))
    assert side.came(Closed)[0].code == "malformed"


def test_a_frame_of_very_many_beats_is_cut() -> None:
    side = greeted().left
    side.hears(protocol.Beats([b""] * (protocol.BEATS_MAX + 1)))
    assert side.came(Closed)[0].code == "malformed"


hellos = st.sampled_from([protocol.encode(protocol.Hello(0, 0, bytes(32), "a", bytes(32), "e", 3, 0, None, [], False))])
some = st.sampled_from(
    [
        protocol.encode(f)
        for f in (
            batch(),
            batch(final=False),
            Stored(3),
            Start(0, 0, 9),
            Start(1, 0, 9),
            Resync(1, [], False),
            Resync(2, [(bytes(32), 1, 1)], True),
            protocol.Lost(),
            protocol.Beats([b"x"]),
            Ping(1),
            Pong(1, 5),
            protocol.Alone(None),
            Proof([], False),
            protocol.Bye("a", "b"),
        )
    ]
)


@given(st.lists(st.binary(max_size=60) | st.text(max_size=5) | hellos | some, max_size=30))
def test_no_peer_can_make_it_raise(script: list[bytes | str]) -> None:
    side = Side(facts("left"))
    for data in script:
        side.take(data, 0)
        if side.came(HelloCame) and side.session.state is LinkState.GREETING:
            side.session.admit()
            side.session.start(0, 0, 3)
        for came in side.came(BatchCame):
            side.session.stored(came)
        side.events = [e for e in side.events if not isinstance(e, BatchCame)]
        side.gather()
    assert len(side.came(Closed)) <= 1
