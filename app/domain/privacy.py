"""What a person, or an administrator, can ask for about data of people: the ports behind the routes."""

from dataclasses import dataclass

from app.domain.consents import ConsentLedger
from app.domain.erasure import ErasureDesk
from app.domain.export import ExportShelf
from app.domain.operations_port import OperationStarter
from app.domain.processing import ProcessingLog
from app.domain.retention import RetentionReports


@dataclass(frozen=True, kw_only=True, slots=True)
class Privacy:
    """The ports."""

    consents: ConsentLedger
    erasures: ErasureDesk
    exports: ExportShelf
    operations: OperationStarter
    processing: ProcessingLog
    reports: RetentionReports
