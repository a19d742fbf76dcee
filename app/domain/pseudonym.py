"""What a person is called where nobody needs to know who it is: in logs and in the audit trail."""

import hashlib
from functools import lru_cache

from app.domain.models import Principal


@lru_cache(maxsize=10_000)
def pseudonym(principal: Principal) -> str:
    """Name a person by 16 hexadecimal digits: the same each time, the person not readable from them."""
    return hashlib.sha256(f"{principal.issuer}\0{principal.subject}".encode()).hexdigest()[:16]
