"""`docs/performance.md`: one section per part of the bench, so that one part can be measured anew."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ops.target import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
_HEAD: Final = """# Performance

Written by `make bench`; `make bench PART=<name>` measures one part anew (platform, requests, lists, roles, users).
Everything is a ratio of things measured side by side in one run, in turns; figures themselves are of one machine.
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table: what was measured, what came of it, and what was aimed at.

    Args:
        what: In words.
        value: The absolute figure, with its unit.
        ratio: To what the section says; None where there is nothing to compare with.
        goal: What was aimed at; None where nothing was.
    """

    what: str
    value: str
    ratio: float | None = None
    goal: "Goal | None" = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        aimed = f"{self.goal.text} | {'yes' if self.goal.met else '**no**'}" if self.goal else " | "
        return f"| {self.what} | {self.value} | {ratio} | {aimed} |"


@dataclass(frozen=True, slots=True)
class Goal:
    """What was aimed at, and whether it is met."""

    text: str
    met: bool

    @classmethod
    def above(cls, bound: float, reached: float) -> Self:
        """Aim at more than the bound."""
        return cls(f"above {bound:g}", reached > bound)

    @classmethod
    def at_least(cls, bound: float, reached: float) -> Self:
        """Aim at no less than the bound."""
        return cls(f"at least {bound:g}", reached >= bound)

    @classmethod
    def below(cls, bound: float, reached: float, unit: str) -> Self:
        """Aim at less than the bound, in the unit of both."""
        return cls(f"under {bound:g}{unit}", reached < bound)

    @classmethod
    def at_most(cls, bound: float, reached: float, unit: str = "") -> Self:
        """Aim at no more than the bound, in the unit of both."""
        return cls(f"at most {bound:g}{unit}", reached <= bound)


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one part of the bench has found.

    Args:
        name: Of the part.
        title: Its heading.
        method: How it was measured, and what a ratio is of.
        rows: The figures.
        remark: What a reader should know of them.
    """

    name: str
    title: str
    method: str
    rows: Sequence[Row]
    remark: str = ""

    def __str__(self) -> str:
        table = ["| what | figure | ratio | goal | met |", "|---|---|---|---|---|", *map(str, self.rows)]
        remark = f"\n{self.remark}\n" if self.remark else ""
        return f"## {self.title}\n\n{self.method}\n\n" + "\n".join(table) + f"\n{remark}"


def write(sections: Sequence[Section], order: Sequence[str], path: Path = PAGE) -> str:
    """Write these sections to the page, leave its others as they are, and return the page.

    Args:
        sections: What was measured now.
        order: The headings of all parts, as the page has them.
        path: The page.
    """
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    texts = {part.partition("\n")[0]: f"## {part}" for part in re.split(r"^## ", there, flags=re.MULTILINE)[1:]}
    texts |= {section.title: str(section) for section in sections}
    page = "\n".join([_HEAD, *(texts[title].rstrip() + "\n" for title in order if title in texts)])
    path.write_text(page, encoding="utf-8")
    return page
