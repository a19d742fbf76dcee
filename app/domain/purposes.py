"""Why the product handles data about people: the register that every table, consent and record refers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Basis(StrEnum):
    """Why it may (GDPR, Article 6(1))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Purpose(StrEnum):
    """What for."""

    ANALYTICS = "analytics"
    CHAT = "chat"
    OPERATION = "operation"
    RIGHTS = "rights"
    SECURITY = "security"
    SERVICE = "service"
    TELEGRAM = "telegram"


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """One purpose of the register.

    Args:
        description: What is done, in words for the person.
        basis: Why it may be done.
        article: Where the basis stands in the GDPR.
        recipients: Who else receives data for it, as processors or as controllers of their own.
    """

    description: str
    basis: Basis
    article: str
    recipients: tuple[str, ...] = ()


HOST: Final = "Microsoft (Azure, the region of the stack)"
"""Who runs what everything is kept on."""

REGISTER: Final[Mapping[Purpose, Registered]] = MappingProxyType(
    {
        Purpose.SERVICE: Registered(
            description="Keep your tasks, your calendar and your profile, and show them to you.",
            basis=Basis.CONTRACT,
            article="6(1)(b)",
            recipients=(HOST,),
        ),
        Purpose.OPERATION: Registered(
            description="Do work for you that takes longer than a request.",
            basis=Basis.CONTRACT,
            article="6(1)(b)",
            recipients=(HOST,),
        ),
        Purpose.CHAT: Registered(
            description="Answer what you ask a language model, and keep the talk for you.",
            basis=Basis.CONTRACT,
            article="6(1)(b)",
            recipients=(HOST, "OpenAI or Anthropic (whichever the stack names; outside the European Union)"),
        ),
        Purpose.TELEGRAM: Registered(
            description="Read and answer your messages in Telegram.",
            basis=Basis.CONSENT,
            article="6(1)(a)",
            recipients=(HOST, "Telegram (outside the European Union)"),
        ),
        Purpose.ANALYTICS: Registered(
            description="Count you, together with at least nine others and never by name, to see what is used.",
            basis=Basis.CONSENT,
            article="6(1)(a)",
            recipients=(HOST,),
        ),
        Purpose.RIGHTS: Registered(
            description="Give you your data, erase it, and prove what you consented to and what was done.",
            basis=Basis.LEGAL_OBLIGATION,
            article="6(1)(c) with 7(1), 15, 17 and 20",
            recipients=(HOST,),
        ),
        Purpose.SECURITY: Registered(
            description="Recognise abuse, limit it, and be able to say who did what.",
            basis=Basis.LEGITIMATE_INTEREST,
            article="6(1)(f) with 32",
            recipients=(HOST,),
        ),
    }
)

CONSENTED: Final = frozenset(purpose for purpose, registered in REGISTER.items() if registered.basis is Basis.CONSENT)
"""What is done only for those who have consented."""
