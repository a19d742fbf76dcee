"""What the platform's program takes, beside a program of one resource."""

import statistics
import textwrap
from collections.abc import Callable, Mapping
from typing import Final

from ops.target import report
from tests.bench.page import Goal, Row
from tests.bench.program import FURTHER, PROGRAMS, Taken, take

CPU_RATIO: Final = 5.0
MEMORY_RATIO: Final = 2.0
RESOURCE_MS: Final = 12.0
METHOD: Final = """\
Programs run as fresh processes under the mocks and the recorder of the golden tapes, which are part of each figure: CPU
time, user and system, from the interpreter's start, and the most memory that was resident. Their unit is a program of
one resource group. What a resource of prod takes is the program's CPU time without that of its imports, by the number
of its resources, with its components, its settings and all else that is done for them."""


class Programs:
    """Rounds of all programs, and what came of them."""

    def __init__(self) -> None:
        self._rounds: list[Mapping[str, Taken]] = []

    def round(self, environ: Mapping[str, str]) -> None:
        """Run each program once."""
        taken = {name: take(name, environ) for name in PROGRAMS}
        self._rounds.append(taken)
        for name, each in taken.items():
            report(f"  {name:<12} {each.cpu_s:6.2f} s of CPU, {each.peak_mib:.0f} MiB")

    def clear(self) -> None:
        """Forget the rounds until now."""
        self._rounds.clear()

    def rows(self) -> list[Row]:
        """Say what came of them."""
        cpu, memory, each = self._cpu_ratio("prod"), self._memory_ratio("prod"), self._resource_ms()
        group = self._median(lambda taken: (taken["further"].cpu_s - taken["one"].cpu_s) / FURTHER * 1000)
        return [
            Row(what="prod's program", value=self._cpu("prod"), ratio=cpu, goal=Goal.at_most(CPU_RATIO, cpu)),
            Row(what="Its memory", value=self._memory("prod"), ratio=memory, goal=Goal.at_most(MEMORY_RATIO, memory)),
            Row(
                what=f"Each of its {self._resources()} resources",
                value=f"{each:.1f} ms",
                goal=Goal.at_most(RESOURCE_MS, each, " ms"),
            ),
            Row(what="Its imports alone", value=self._cpu("imports"), ratio=self._cpu_ratio("imports")),
            Row(what="Their memory", value=self._memory("imports"), ratio=self._memory_ratio("imports")),
            Row(what="A one-resource program", value=self._cpu("one"), ratio=1.0),
            Row(what="Its memory", value=self._memory("one"), ratio=1.0),
            Row(what=f"Each of {FURTHER} further resource groups in it", value=f"{group:.1f} ms"),
        ]

    def remark(self) -> str:
        """Say why two of the goals cannot be met."""
        cpu, memory = self._cpu_ratio("imports"), self._memory_ratio("imports")
        allowed = self._resources() * RESOURCE_MS / 1000
        bound = CPU_RATIO * self._median(lambda taken: taken["one"].cpu_s)
        text = f"""\
The first two goals of the program cannot be met. Importing a package of the SDK loads every input and every output of
that resource provider, used or not; the network's alone takes half a second. So {self._cpu("imports")} of CPU and
{self._memory("imports")} are gone before the first resource: {cpu:.1f} and {memory:.1f} times what the one-resource
program takes in all. The first goal also excludes the third: {self._resources()} resources at the {RESOURCE_MS:g} ms
that each is allowed take {allowed:.1f} s, and {CPU_RATIO:g} times a one-resource program is {bound:.1f} s."""
        return textwrap.fill(text, 120)

    def _resources(self) -> int:
        return self._rounds[0]["prod"].resources

    def _resource_ms(self) -> float:
        def one(taken: Mapping[str, Taken]) -> float:
            return (taken["prod"].cpu_s - taken["imports"].cpu_s) / taken["prod"].resources * 1000

        return self._median(one)

    def _cpu(self, name: str) -> str:
        return f"{self._median(lambda taken: taken[name].cpu_s):.2f} s"

    def _cpu_ratio(self, name: str) -> float:
        return self._median(lambda taken: taken[name].cpu_s / taken["one"].cpu_s)

    def _memory(self, name: str) -> str:
        return f"{self._median(lambda taken: taken[name].peak_mib):.0f} MiB"

    def _memory_ratio(self, name: str) -> float:
        return self._median(lambda taken: taken[name].peak_mib / taken["one"].peak_mib)

    def _median(self, figure: Callable[[Mapping[str, Taken]], float]) -> float:
        return statistics.median(map(figure, self._rounds))
