"""Decisions of the queue, for any order of what happens."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.outbox import rules
from app.outbox.rules import CLOCK_SKEW, Proof, Unknown, match, signature

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECONDS = st.integers(0, 600).map(lambda n: NOON + timedelta(seconds=n))
PEOPLE, TEXTS = st.sampled_from(["ana", "bia"]), st.sampled_from(["oi", "tchau"])
UNKNOWNS = st.lists(st.builds(Unknown, st.uuids().map(str), PEOPLE, TEXTS, SECONDS), max_size=8)
PROOFS = st.lists(
    st.builds(Proof, st.uuids().map(str), PEOPLE, TEXTS, st.none() | SECONDS, st.none() | SECONDS), max_size=8
)
STATUSES = st.lists(st.sampled_from(["sent", "delivered", "read", "played", "failed", "unconfirmed"]), max_size=8)


@given(st.permutations(["sent", "delivered", "read", "failed", "unconfirmed"]), st.integers(1, 5))
def test_receipts_end_the_same_in_any_order(order, count):
    wanted = max(order[:count], key=lambda status: rules.RANK[status])
    stands = "queued"
    for status in order[:count]:
        stands = rules.better(stands, status)
    assert stands == wanted


@given(STATUSES)
def test_a_status_only_moves_up_and_repetition_changes_nothing(statuses):
    stands = ["queued"]
    for status in statuses:
        stands.append(rules.better(stands[-1], status))
    assert all(rules.RANK[a] <= rules.RANK[b] for a, b in pairwise(stands))
    assert all(rules.better(stands[-1], status) == stands[-1] for status in statuses)


@given(UNKNOWNS, PROOFS)
def test_a_proof_binds_once_to_the_same_words_for_the_same_person_after_its_go(unknowns, proofs):
    pairs = match(unknowns, proofs)
    assert len({proof.external_id for _u, proof in pairs}) == len(pairs)
    assert len({unknown.message_id for unknown, _p in pairs}) == len(pairs)
    for unknown, proof in pairs:
        assert (unknown.recipient, unknown.signature) == (proof.recipient, proof.signature)
        assert proof.at is None or proof.at >= unknown.started_at - CLOCK_SKEW
        assert proof.seen_at is None or proof.seen_at >= unknown.started_at


@given(UNKNOWNS, PROOFS, st.randoms())
def test_the_order_in_which_they_are_told_does_not_matter(unknowns, proofs, chance):
    pairs = match(unknowns, proofs)
    chance.shuffle(unknowns)
    chance.shuffle(proofs)
    assert match(unknowns, proofs) == pairs


@given(st.integers(0, 6), st.integers(0, 6))
def test_k_unknown_and_m_equal_proofs_bind_in_time_order(k, m):
    unknowns = [Unknown(f"m{n}", "ana", "oi", NOON + timedelta(minutes=n)) for n in range(k)]
    proofs = [Proof(f"p{n}", "ana", "oi", NOON + timedelta(minutes=n, seconds=5)) for n in range(m)]
    assert [(u.message_id, p.external_id) for u, p in match(unknowns, proofs)] == [
        (f"m{n}", f"p{n}") for n in range(min(k, m))
    ]


@given(UNKNOWNS, PROOFS)
def test_a_call_still_open_may_own_the_proof_so_nothing_like_it_is_bound(unknowns, proofs):
    open_call = Unknown("open", "ana", "oi", NOON, is_open=True)
    bound = {(unknown.recipient, unknown.signature) for unknown, _proof in match([*unknowns, open_call], proofs)}
    assert ("ana", "oi") not in bound
    others = [pair for pair in match(unknowns, proofs) if (pair[0].recipient, pair[0].signature) != ("ana", "oi")]
    assert match([*unknowns, open_call], proofs) == others


def test_names_of_files_count_only_where_the_recipient_sees_them():
    assert signature("image", " legenda ", "foto.jpg") == signature("image", "legenda", None)
    assert signature("document", "", "a.pdf") != signature("document", "", "b.pdf")
    assert signature("document", "", None) == signature("document", "", "document")
    assert signature("text", "oi\n", None) == signature("text", "oi", None) != signature("image", "oi", None)


def test_ten_failures_in_a_row_brake():
    assert rules.brake_reason("s" + "f" * 9, 0) is None
    assert rules.brake_reason("f" * 10, 0) == "failures_in_a_row"
    assert rules.brake_reason("f" * 10 + "s", 0) is None


def test_thirty_percent_of_the_last_fifty_brake():
    fourteen, fifteen = "fsss" * 14, "fsss" * 11 + "fs" * 3
    assert fifteen.count("f") == 14
    assert rules.brake_reason(fourteen[:50], 0) is None
    assert rules.brake_reason(("fs" * 15 + "s" * 20), 0) == "failure_share"
    assert rules.brake_reason("fs" * 15, 0) is None  # thirty are no fifty yet


def test_a_run_of_error_receipts_brakes():
    assert rules.brake_reason("s" * 50, 4) is None
    assert rules.brake_reason("s" * 50, 5) == "error_receipts"


@given(st.text("sf", min_size=1, max_size=50), st.integers(0, 60))
def test_what_was_refused_later_counts_as_a_failure(recent, count):
    after = rules.refused_later(recent, count)
    assert after.count("f") == min(50, recent.count("f") + count)
    assert len(after) <= 50


def test_retries_and_probes_follow_their_ladders():
    assert [rules.retry_delay(n, (60, 300, 900)) for n in range(4)] == [60, 300, 900, None]
    assert [rules.probe_delay(n, (5, 10, 20)) for n in (0, 2, 9)] == [5, 20, 20]
