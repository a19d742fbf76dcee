"""Rules for what people write."""

from app.domain.errors import Invalid


def check_text(pointer: str, text: str | None, *, most: int, blank: bool = True) -> None:
    """Check a text.

    Args:
        pointer: Where it stands, as a JSON pointer.
        text: None is always well.
        most: Characters.
        blank: Whether it may be empty or blank.

    Raises:
        Invalid: A rule is broken.
    """
    if text is None:
        return
    if not blank and (not text.strip() or len(text) > most):
        raise Invalid(pointer, f"expected 1 to {most} characters, not all of them blank")
    if len(text) > most:
        raise Invalid(pointer, f"expected at most {most} characters")
    if "\0" in text:  # PostgreSQL's text cannot hold it
        raise Invalid(pointer, "the character U+0000 is not allowed")
