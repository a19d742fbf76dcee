"""Who may do what beside their own things."""

from app.domain.errors import Forbidden
from app.domain.models import Principal, Role
from app.domain.profiles import Plan


def require(principal: Principal, role: Role) -> None:
    """Raise `Forbidden` unless the person has the role."""
    if role not in principal.roles:
        raise Forbidden(f"expected the role {role}, got {', '.join(sorted(principal.roles)) or 'none'}")


def is_premium(principal: Principal, plan: Plan) -> bool:
    """Tell whether a person may have what premium offers: by what is kept of them, or by a role that was issued."""
    return plan is Plan.PREMIUM or Role.PREMIUM in principal.roles
