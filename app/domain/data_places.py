"""Every place of the data map that is no table, and the map as a whole."""

from typing import Final

from app.domain.data_map import Category, End, Place, Term
from app.domain.data_service_tables import SERVICE
from app.domain.data_tables import PERSONAL
from app.domain.purposes import Purpose

TABLES: Final = (*PERSONAL, *SERVICE)
"""Every table of the product's schema."""

PLACES: Final = (
    Place(
        name="cache:person",
        purpose=Purpose.SERVICE,
        category=Category.CONTENT,
        description="Copies of rows, in the process and in Redis, under keys that name the person's namespace.",
        term=Term.MINUTES,
        end=End.DELETED,
        eraser="cache",
    ),
    Place(
        name="cache:limits",
        purpose=Purpose.SECURITY,
        category=Category.PSEUDONYM,
        description="How often a person or an address asked.",
        term=Term.MINUTES,
        end=End.EXPIRES,
    ),
    Place(
        name="blob:exports/people/",
        purpose=Purpose.RIGHTS,
        category=Category.CONTENT,
        description="Exports, sealed for the person: without the key nobody reads what storage keeps of deleted ones.",
        term=Term.EXPORT,
        end=End.DELETED,
        eraser="exports",
    ),
    Place(
        name="blob:exports/analytics/",
        purpose=Purpose.ANALYTICS,
        category=Category.TECHNICAL,
        description="Counts of at least ten people each.",
        term=Term.PROOF,
        end=End.ANONYMISED,
    ),
    Place(
        name="blob:exports/reports/",
        purpose=Purpose.RIGHTS,
        category=Category.TECHNICAL,
        description="How many rows are past their term; nobody in particular.",
        term=Term.EXPORT,
        end=End.ANONYMISED,
    ),
    Place(
        name="blob:audit/erasures/",
        purpose=Purpose.RIGHTS,
        category=Category.PSEUDONYM,
        description="Hashes of the erased, so that they are erased again when an older backup is restored.",
        term=Term.PROOF,
        end=End.PSEUDONYMOUS,
    ),
    Place(
        name="blob:audit/anchors/",
        purpose=Purpose.SECURITY,
        category=Category.TECHNICAL,
        description="Heads of the audit trail.",
        term=Term.PROOF,
        end=End.PSEUDONYMOUS,
    ),
    Place(
        name="blob:backups/",
        purpose=Purpose.SECURITY,
        category=Category.CONTENT,
        description="Copies of every table, which nobody can change; a restore erases again who was erased since.",
        term=Term.BACKUP,
        end=End.EXPIRES,
    ),
    Place(
        name="queue:async-operations",
        purpose=Purpose.OPERATION,
        category=Category.CONTENT,
        description="Orders to the worker, also those that could not be worked off; for the erased they do nothing.",
        term=Term.MESSAGE,
        end=End.EXPIRES,
    ),
    Place(
        name="log:subject",
        purpose=Purpose.SECURITY,
        category=Category.PSEUDONYM,
        description="The pseudonym of who asked, beside path, status and time; no name, no address, no content.",
        term=Term.LOG,
        end=End.PSEUDONYMOUS,
    ),
    Place(
        name="telemetry:enduser.pseudonym",
        purpose=Purpose.SECURITY,
        category=Category.PSEUDONYM,
        description="The same pseudonym in traces.",
        term=Term.LOG,
        end=End.PSEUDONYMOUS,
    ),
)
"""Every place that is no table."""
