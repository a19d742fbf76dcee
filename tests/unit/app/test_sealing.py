"""Sealing: what a sealed value is bound to, and how long the key to it is there."""

import asyncio
import secrets
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Erased, Unavailable
from app.domain.models import Principal
from app.sealing import envelope
from app.sealing.sealer import INDEX_OWNER, EnvelopeSealer
from tests.unit.app.memory import ADA, BOB
from tests.unit.app.sealing_parts import MemoryKey, MemorySubjectKeys, memory_sealer

KEY = envelope.DataKey(secrets.token_bytes(32))
PLACE = "profiles|email|1"
PEOPLE = [BOB, Principal(issuer="https://other.test", subject="ada"), Principal(issuer="", subject="")]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def key() -> MemoryKey:
    return MemoryKey()


@pytest.fixture
def store() -> MemorySubjectKeys:
    return MemorySubjectKeys()


@pytest.fixture
def sealer(store: MemorySubjectKeys, key: MemoryKey) -> EnvelopeSealer:
    return memory_sealer(store, key)


@given(st.text())
def test_any_text_comes_back(value: str) -> None:
    sealed = envelope.seal(KEY, ADA, PLACE, value)
    assert envelope.unseal(KEY, ADA, PLACE, sealed) == value
    assert len(sealed) == len(value.encode()) + envelope.OVERHEAD_BYTES


@pytest.mark.parametrize("place", ["profiles|email|2", "profiles|display_name|1", "chat|email|1", ""])
def test_a_value_that_was_moved_to_another_row_or_column_does_not_open(place: str) -> None:
    with pytest.raises(ValueError, match="not sealed for this person"):
        envelope.unseal(KEY, ADA, place, envelope.seal(KEY, ADA, PLACE, "canary"))


@pytest.mark.parametrize("person", PEOPLE)
def test_a_value_that_was_moved_to_another_person_does_not_open_even_with_the_key(person: Principal) -> None:
    with pytest.raises(ValueError, match="not sealed for this person"):
        envelope.unseal(KEY, person, PLACE, envelope.seal(KEY, ADA, PLACE, "canary"))


@given(st.text(), st.text(), st.text(), st.text())
def test_no_other_split_of_place_and_person_opens_a_value(place: str, issuer: str, subject: str, moved: str) -> None:
    sealed = envelope.seal(KEY, Principal(issuer=issuer, subject=subject), place + moved, "canary")
    if moved:
        with pytest.raises(ValueError, match="not sealed for this person"):
            envelope.unseal(KEY, Principal(issuer=moved + issuer, subject=subject), place, sealed)


def test_a_value_with_any_byte_changed_cut_or_added_does_not_open() -> None:
    sealed = envelope.seal(KEY, ADA, PLACE, "canary")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for value in (*changed, *(sealed[:length] for length in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(ValueError, match=r"sealed"):
            envelope.unseal(KEY, ADA, PLACE, value)


def test_a_value_of_another_key_is_told_from_one_that_was_changed() -> None:
    with pytest.raises(ValueError, match="with key"):
        envelope.unseal(envelope.DataKey(secrets.token_bytes(32)), ADA, PLACE, envelope.seal(KEY, ADA, PLACE, "canary"))


def test_a_nonce_never_repeats_and_all_of_its_bits_are_random() -> None:
    nonces = [envelope.seal(KEY, ADA, PLACE, "")[9:21] for _ in range(100_000)]
    assert len(set(nonces)) == len(nonces)
    for values in map(Counter, zip(*nonces[:20_000], strict=True)):  # of each byte
        for bit in range(8):
            ones = sum(count for value, count in values.items() if value >> bit & 1)
            assert 9_200 < ones < 10_800  # eleven standard deviations


async def test_the_first_value_of_a_person_costs_one_wrap_and_later_ones_nothing(
    sealer: EnvelopeSealer, key: MemoryKey
) -> None:
    for _ in range(3):
        sealed = await sealer.seal(ADA, PLACE, "canary")
        assert await sealer.unseal(ADA, PLACE, sealed) == "canary"
    assert key.calls == ["wrap"]


async def test_each_person_has_a_key_of_their_own_and_the_store_holds_it_wrapped(
    sealer: EnvelopeSealer, store: MemorySubjectKeys
) -> None:
    sealed = {who: await sealer.seal(who, PLACE, "canary") for who in (ADA, BOB)}
    assert len({value[1:9] for value in sealed.values()}) == 2
    assert len({kept.content for kept in store.kept.values()}) == 2
    assert "canary" not in repr((store.kept, sealed))


async def test_of_many_first_values_at_once_in_two_replicas_all_open(store: MemorySubjectKeys, key: MemoryKey) -> None:
    replicas = [memory_sealer(store, key), memory_sealer(store, key)]
    sealed = await asyncio.gather(*(replicas[n % 2].seal(ADA, PLACE, str(n)) for n in range(50)))
    fresh = memory_sealer(store, key)
    assert [await fresh.unseal(ADA, PLACE, value) for value in sealed] == [str(n) for n in range(50)]
    assert len(store.kept) == 1
    assert key.calls.count("wrap") <= 2


async def test_a_key_is_loaded_once_for_all_who_wait_also_when_the_first_gives_up(
    store: MemorySubjectKeys, key: MemoryKey
) -> None:
    sealed = await memory_sealer(store, key).seal(ADA, PLACE, "canary")
    key.calls, key.asked, key.gate = [], asyncio.Event(), asyncio.Event()
    replica = memory_sealer(store, key)
    first, *others = (asyncio.create_task(replica.unseal(ADA, PLACE, sealed)) for _ in range(10))
    await key.asked.wait()
    first.cancel()
    key.gate.set()
    assert await asyncio.gather(*others) == ["canary"] * 9
    assert key.calls == ["unwrap"]


async def test_while_the_vault_is_down_a_key_counts_until_its_time_is_over_then_nothing_is_written_in_clear(
    store: MemorySubjectKeys, key: MemoryKey
) -> None:
    clock = Clock()
    sealer = memory_sealer(store, key, clock=clock)
    sealed = await sealer.seal(ADA, PLACE, "canary")
    key.is_down = True
    clock.now = 299
    assert await sealer.unseal(ADA, PLACE, sealed) == "canary"
    assert await sealer.seal(ADA, PLACE, "more")
    clock.now = 301
    for attempt in (sealer.unseal(ADA, PLACE, sealed), sealer.seal(ADA, PLACE, "x"), sealer.seal(BOB, PLACE, "x")):
        with pytest.raises(Unavailable):
            await attempt
    key.is_down = False
    assert await sealer.unseal(ADA, PLACE, sealed) == "canary"


async def test_only_so_many_keys_are_kept_and_the_one_asked_for_least_lately_goes(
    store: MemorySubjectKeys, key: MemoryKey
) -> None:
    sealer = memory_sealer(store, key, kept_max=2)
    for who in (ADA, BOB, ADA, PEOPLE[1]):
        await sealer.seal(who, PLACE, "x")
    key.is_down = True
    assert await sealer.seal(ADA, PLACE, "x")
    with pytest.raises(Unavailable):
        await sealer.seal(BOB, PLACE, "x")


async def test_a_destroyed_key_opens_nothing_here_at_once_and_elsewhere_when_its_time_is_over(
    store: MemorySubjectKeys, key: MemoryKey
) -> None:
    clock = Clock()
    here, there = memory_sealer(store, key, clock=clock), memory_sealer(store, key, clock=clock)
    sealed = await here.seal(ADA, PLACE, "canary")
    assert await there.unseal(ADA, PLACE, sealed) == "canary"
    await here.destroy(ADA)
    with pytest.raises(Erased):
        await here.unseal(ADA, PLACE, sealed)
    clock.now = 301
    with pytest.raises(Erased):
        await there.unseal(ADA, PLACE, sealed)


async def test_a_key_that_is_destroyed_while_it_is_loaded_is_not_kept(store: MemorySubjectKeys, key: MemoryKey) -> None:
    sealed = await memory_sealer(store, key).seal(ADA, PLACE, "canary")
    replica = memory_sealer(store, key)
    key.calls, key.asked, key.gate = [], asyncio.Event(), asyncio.Event()
    reading = asyncio.create_task(replica.unseal(ADA, PLACE, sealed))
    await key.asked.wait()
    await replica.destroy(ADA)
    key.gate.set()
    assert await reading == "canary"  # it was asked for before
    with pytest.raises(Erased):
        await replica.unseal(ADA, PLACE, sealed)


async def test_a_key_is_wrapped_anew_when_it_is_loaded_after_a_rotation(
    store: MemorySubjectKeys, key: MemoryKey
) -> None:
    sealed = await memory_sealer(store, key).seal(ADA, PLACE, "canary")
    key.newest = 2
    assert await memory_sealer(store, key).unseal(ADA, PLACE, sealed) == "canary"
    assert store.kept[ADA].by == "2"
    key.calls = []
    assert await memory_sealer(store, key).unseal(ADA, PLACE, sealed) == "canary"
    assert key.calls == ["unwrap"]


async def test_an_index_is_the_same_in_every_replica_and_for_one_purpose_and_value_alone(
    store: MemorySubjectKeys, key: MemoryKey
) -> None:
    here, there = memory_sealer(store, key), memory_sealer(store, key)
    assert await here.index("chat", "42") == await there.index("chat", "42")
    others = [await here.index(*each) for each in (("chat", "42"), ("chat", "43"), ("code", "42"), ("chat4", "2"))]
    assert len({*others}) == 4
    assert {len(each) for each in others} == {32}
    assert [*store.kept] == [INDEX_OWNER]
    assert await memory_sealer(MemorySubjectKeys(), key).index("chat", "42") not in others
