"""Who may do what beside their own things."""

from app.domain.errors import Forbidden
from app.domain.models import Principal, Role


def require(principal: Principal, role: Role) -> None:
    """Raise `Forbidden` unless the person has the role."""
    if role not in principal.roles:
        raise Forbidden(f"expected the role {role}, got {', '.join(sorted(principal.roles)) or 'none'}")
