"""What administrators are told of data about people: nothing that names one."""

from typing import Self

import msgspec

from app.domain.compliance import MEASURES, Activity
from app.domain.retention import Due, RetentionReport
from app.wire.documents import Moment


class RetentionDocument(msgspec.Struct, frozen=True):
    """How many rows were past their term when the upkeep looked last, before it deleted them."""

    as_of: Moment
    due: list[Due]

    @classmethod
    def of(cls, report: RetentionReport) -> Self:
        """Render a report."""
        return cls(as_of=report.as_of, due=list(report.due))


class ComplianceDocument(msgspec.Struct, frozen=True):
    """The record of processing activities (GDPR, Article 30): purposes, what is kept, recipients, terms, measures."""

    activities: list[Activity]
    measures: dict[str, str]

    @classmethod
    def of(cls, activities: tuple[Activity, ...]) -> Self:
        """Render the record."""
        return cls(activities=list(activities), measures=dict(MEASURES))
