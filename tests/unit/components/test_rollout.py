"""A release as plain values: the traffic list and the names of revisions, for every release there can be."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components.workloads.rollout import Rollout, Version

OLD, NEW, NEWER = ("sha256:" + letter * 64 for letter in "abc")
LIVE = Version(digest=OLD, revision="r1-00000001")
NEXT = Version(digest=NEW, revision="r2-00000002")
PREVIOUS = Version(digest=NEWER, revision="r9-00000009")

digests = st.sampled_from([OLD, NEW, NEWER])
templates = st.sampled_from(["one", "two", "three"])


@st.composite
def rollouts(draw: st.DrawFn) -> Rollout:
    """Any release that a stack can remember."""
    numbers = draw(st.lists(st.integers(1, 99), min_size=3, max_size=3, unique=True))
    versions = [Version(digest=draw(digests), revision=f"r{number}-{number:08x}") for number in numbers]
    candidate, previous = draw(st.booleans()), draw(st.booleans())
    return Rollout(
        live=versions[0],
        candidate=versions[1] if candidate else None,
        weight=draw(st.integers(0, 99)) if candidate else 0,
        previous=versions[2] if previous else None,
    )


def _is_sound(rollout: Rollout) -> None:
    shares = rollout.traffic("app")
    labels = [share.label for share in shares if share.label]
    names = [share.revision for share in shares]
    assert sum(share.weight for share in shares) == 100
    assert all(share.weight >= 0 for share in shares)
    assert next(share.weight for share in shares if share.label == "live") >= 1
    assert len(set(labels)) == len(labels)
    assert len(set(names)) == len(names)
    known = {rollout.live.revision, *(each.revision for each in (rollout.candidate, rollout.previous) if each)}
    assert set(names) <= {f"app--{revision}" for revision in known}


@settings(max_examples=50, deadline=None)
@given(rollouts(), st.lists(st.tuples(st.none() | digests, templates), max_size=6))
def test_weights_sum_to_100_over_known_revisions_after_any_runs(
    rollout: Rollout, runs: Sequence[tuple[str | None, str]]
) -> None:
    for digest, template in runs:
        step = Rollout(live=Version(digest=digest)).over(rollout) if digest else rollout
        rollout = Rollout.model_validate(step.made(step.suffix(f"{step.digest} {template}")).model_dump())
        _is_sound(rollout)
    _is_sound(rollout)


@settings(max_examples=50, deadline=None)
@given(rollouts(), templates)
def test_a_second_run_with_the_same_template_changes_nothing(rollout: Rollout, template: str) -> None:
    once = rollout.made(rollout.suffix(f"{rollout.digest} {template}"))

    assert once.made(once.suffix(f"{once.digest} {template}")) == once


@settings(max_examples=50, deadline=None)
@given(rollouts(), templates, templates)
def test_two_templates_never_share_a_revision(rollout: Rollout, one: str, other: str) -> None:
    assert (rollout.suffix(one) == rollout.suffix(other)) == (one == other)


def test_a_changed_candidate_starts_again_without_requests() -> None:
    rollout = Rollout(live=LIVE, candidate=NEXT, weight=25)

    assert rollout.made("r2-00000002").weight == 25
    changed = rollout.made("r3-00000003")
    assert changed.candidate == Version(digest=NEW, revision="r3-00000003")
    assert changed.weight == 0


def test_a_template_that_goes_back_to_the_live_one_drops_the_candidate() -> None:
    assert Rollout(live=LIVE, candidate=NEXT).made("r1-00000001").candidate is None


def test_a_digest_alone_serves_at_once_and_nothing_else_is_kept() -> None:
    step = Rollout(live=Version(digest=NEWER)).over(Rollout(live=LIVE, candidate=NEXT, weight=5, previous=PREVIOUS))

    assert step.digest == NEWER
    assert step.made("r10-0000000a") == Rollout(live=Version(digest=NEWER, revision="r10-0000000a"))


def test_a_digest_that_serves_already_leaves_the_release_as_it_is() -> None:
    remembered = Rollout(live=LIVE, previous=PREVIOUS)

    assert Rollout(live=Version(digest=OLD)).over(remembered).made("r1-00000001") == remembered


def test_a_whole_step_is_taken_as_it_is() -> None:
    step = Rollout(live=LIVE, candidate=Version(digest=NEWER))

    assert step.over(Rollout(live=NEXT)) == step
    assert step.made("r3-00000003").traffic("app")[0].weight == 100


def test_what_served_before_is_kept_warm_without_requests_and_without_a_label() -> None:
    shares = Rollout(live=LIVE, candidate=NEXT, weight=5, previous=PREVIOUS).traffic("app")

    assert [(share.revision, share.weight, share.label) for share in shares] == [
        ("app--r1-00000001", 95, "live"),
        ("app--r2-00000002", 5, "candidate"),
        ("app--r9-00000009", 0, None),
    ]


def test_a_release_whose_revision_is_not_made_yet_has_no_traffic() -> None:
    with pytest.raises(ValueError, match="app: a revision of the release is not made yet"):
        Rollout(live=Version(digest=NEW)).traffic("app")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weight": 5}, "5 percent for a candidate that is not there"),
        ({"candidate": NEXT, "weight": 100}, "less than 100"),
        ({"candidate": NEXT, "weight": -1}, "greater than or equal to 0"),
        ({"candidate": LIVE}, "one revision has two parts"),
        ({"live": Version(digest=OLD), "candidate": NEXT}, "missing beside a candidate"),
        ({"previous": Version(digest=NEW)}, "previous.revision: missing"),
        ({"live": {"digest": "latest"}}, "String should match pattern"),
        ({"live": {"digest": OLD, "revision": "v1"}}, "String should match pattern"),
    ],
)
def test_an_impossible_release_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Rollout.model_validate({"live": LIVE, **changes})


def test_a_rollback_moves_the_weights_and_keeps_the_template() -> None:
    first = Rollout(live=Version(digest=OLD, revision=Rollout(live=Version(digest=OLD)).suffix("old")))
    staged = Rollout(live=first.live, candidate=Version(digest=NEW))
    staged = staged.made(staged.suffix("new"))
    assert staged.candidate
    promoted = Rollout(live=staged.candidate, previous=staged.live)

    back = Rollout(live=staged.live, candidate=promoted.live).over(promoted)

    assert (promoted.digest, back.digest) == (NEW, NEW)
    assert promoted.suffix("new") == back.suffix("new") == promoted.live.revision
    assert [(share.weight, share.label) for share in back.traffic("app")] == [(100, "live"), (0, "candidate")]


@given(rollouts(), digests)
@settings(max_examples=50)
def test_what_serves_after_a_run_is_known_before_it(remembered: Rollout, digest: str) -> None:
    at_once = Rollout(live=Version(digest=digest)).over(remembered)

    assert remembered.serving_digest == remembered.live.digest
    assert at_once.serving_digest == digest == at_once.made("r100-00000100").live.digest
