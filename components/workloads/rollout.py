"""Which revisions of a workload share its requests: a release as plain values.

A step of a release is the next value, and `traffic` is the whole list of weights that follows from it. Leaving a label
out of that list takes it away (github.com/microsoft/azure-container-apps/issues/962), so it is always written whole.

A revision is named after a number and its template. An unchanged template keeps its revision; a changed one never gets
the name of an older revision, under which Azure would leave that one inactive and say nothing
(github.com/microsoft/azure-container-apps/issues/650).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from components.section import Conflict, Section

LIVE: Final = "live"
CANDIDATE: Final = "candidate"
_FULL: Final = 100


class Version(Section):
    """An image, and the revision that runs it."""

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    """Content of the image."""
    revision: Annotated[str | None, Field(pattern=r"^r[1-9][0-9]*-[0-9a-f]{8}$")] = None
    """Suffix of the revision; None until the run that makes it."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """One entry of the traffic list."""

    revision: str
    """Whole name of a revision."""
    weight: int
    """Percent of the requests."""
    label: str | None
    """Under which address the revision also answers alone."""


class Rollout(Section):
    """What one workload serves, and what is on its way to that."""

    live: Version
    """What serves."""
    candidate: Version | None = None
    """What the template says, when that is not what serves."""
    weight: Annotated[int, Field(ge=0, lt=_FULL, strict=False)] = 0
    """Percent of the requests that the candidate gets; at 100 it is the live one. The engine remembers 5 as 5.0."""
    previous: Version | None = None
    """What served before, kept warm without requests."""
    at_once: Annotated[bool, Field(exclude=True)] = False
    """Whether the candidate serves as soon as it is ready; of one run, never remembered."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a weight without a candidate, shares without a named live revision, and one revision named twice."""
        named = [version.revision for version in self._versions() if version.revision]
        if self.weight and not self.candidate:
            yield "weight", f"{self.weight} percent for a candidate that is not there (allowed 0)"
        if (self.candidate or self.previous) and not self.live.revision:
            yield "live.revision", "missing beside a candidate or a previous version (allowed a suffix as r1-0a1b2c3d)"
        if self.previous and not self.previous.revision:
            yield "previous.revision", "missing (allowed a suffix as r1-0a1b2c3d)"
        if len(set(named)) < len(named):
            yield "live.revision", f"one revision has two parts in {', '.join(named)} (allowed one each)"

    @property
    def digest(self) -> str:
        """The image of the template."""
        return (self.candidate or self.live).digest

    @property
    def serving_digest(self) -> str:
        """The image that serves once the run is through."""
        return self.digest if self.at_once else self.live.digest

    def over(self, remembered: "Rollout | None") -> "Rollout":
        """Return this step, taken from what is remembered. One that names no revision is to serve at once."""
        if remembered is None or self.live.revision:
            return self
        return remembered.model_copy(update={"candidate": self.live, "weight": 0, "at_once": True})

    def served_at_once(self) -> "Rollout":
        """Return the same without a step between: for a workload that gets no requests to share."""
        return self.model_copy(update={"at_once": True})

    def suffix(self, template: str) -> str:
        """Return the suffix of the revision of `template`: that of a known one with this template, or a new one."""
        fingerprint = sha256(template.encode()).hexdigest()[:8]
        known = [version.revision for version in self._versions() if version.revision]
        last = max((int(suffix[1:].partition("-")[0]) for suffix in known), default=0)
        return next((each for each in known if each.endswith(f"-{fingerprint}")), f"r{last + 1}-{fingerprint}")

    def made(self, suffix: str) -> "Rollout":
        """Return what the run leaves behind whose template has the revision `suffix`.

        A template that is not the live one is a candidate without requests, until a step of a release says otherwise.
        """
        new = Version(digest=self.digest, revision=suffix)
        previous = self.previous if self.previous and self.previous.revision != suffix else None
        if self.live.revision in (None, suffix):
            return Rollout(live=new, previous=previous)
        if self.at_once:
            return Rollout(live=new)
        known = self.candidate is not None and self.candidate.revision in (None, suffix)
        return Rollout(live=self.live, candidate=new, weight=self.weight if known else 0, previous=previous)

    def traffic(self, app: str) -> list[Share]:
        """Return the whole traffic list of the app `app`: weights sum to 100, every revision is named.

        Raises:
            ValueError: The live revision is not made yet.
        """
        shares = [(self.live, _FULL - self.weight, LIVE), (self.candidate, self.weight, CANDIDATE)]
        named = [
            (version.revision, weight, label)
            for version, weight, label in [*shares, (self.previous, 0, None)]
            if version
        ]
        if not all(revision for revision, _, _ in named):
            raise ValueError(f"{app}: a revision of the release is not made yet")
        return [Share(revision=f"{app}--{revision}", weight=weight, label=label) for revision, weight, label in named]

    def _versions(self) -> list[Version]:
        return [version for version in (self.live, self.candidate, self.previous) if version]
