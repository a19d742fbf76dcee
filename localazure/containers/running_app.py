"""The part of one app that runs: its active revisions, each scaled on its own, and the addresses that lead to them."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from localazure.containers.ingress import Ingress
from localazure.containers.revision import Revision
from localazure.containers.scaler import Backlog, Pace, Scaler

OWN: Final = ""
"""In the place of a label: the app's own address."""

DRAIN_SECONDS: Final = 10.0
"""How long requests in flight to a retired revision may take to end."""

Routes = Mapping[str, Sequence[tuple[int, str]]]
"""Weights and names of revisions, by label."""

NOWHERE: Final[Routes] = {}
"""No address: of an app without an ingress."""


class RunningApp:
    """Runs revisions side by side, at one address of their own and one for each label.

    Args:
        name: of the app, for messages.
        tls: certificate and key of its addresses.
        backlog: counts the messages of rules on queues.
    """

    def __init__(self, name: str, *, tls: ssl.SSLContext, backlog: Backlog) -> None:
        self._name = name
        self._tls = tls
        self._backlog = backlog
        self._ingresses: dict[str, Ingress] = {}
        self._scalers: dict[str, Scaler] = {}
        self._routes: Routes = {}

    @property
    def revisions(self) -> list[str]:
        """Names of the revisions that run."""
        return list(self._scalers)

    @property
    def size(self) -> int:
        """The most replicas that one of its revisions has."""
        return max((scaler.revision.size for scaler in self._scalers.values()), default=0)

    async def listen(self, ports: Mapping[str, int]) -> dict[str, int]:
        """Listen also for these labels, at these ports, 0 for any; the port of each.

        Raises:
            PortTakenError: another process listens on one.
        """
        for label, port in ports.items():
            if label not in self._ingresses:
                ingress = Ingress(self._name, tls=self._tls, port=port)
                await ingress.start()
                self._ingresses[label] = ingress
        return {label: self._ingresses[label].port for label in ports}

    def address(self, label: str = OWN) -> str | None:
        """`127.0.0.1:PORT` of a label, or None."""
        ingress = self._ingresses.get(label)
        return ingress.address if ingress else None

    async def start(self, revision: Revision, *, replicas: int, timeout_seconds: float, pace: Pace) -> None:
        """Start a revision and scale it from then on; it gets no request before it is routed to.

        Raises:
            ContainersError: it did not become ready; nothing of it is left running.
        """
        await revision.start(timeout_seconds=timeout_seconds, replicas=replicas)
        scaler = self._scalers[revision.spec.name] = Scaler(revision, pace=pace, backlog=self._backlog)
        scaler.start()

    async def route(self, routes: Routes, admits: Callable[[str], bool]) -> None:
        """Lead the address of each label to its revisions, for the clients that are admitted; close all others."""
        self._routes = routes
        for label in self._ingresses.keys() - routes.keys():
            await self._ingresses.pop(label).close()
        for ingress in self._ingresses.values():
            ingress.admit(admits)
        self._lead()

    def _lead(self) -> None:
        for label, ingress in self._ingresses.items():
            shares = [(weight, self._scalers.get(name)) for weight, name in self._routes.get(label, ())]
            ingress.route([(weight, scaler and scaler.revision) for weight, scaler in shares])

    async def retire(self, name: str) -> None:
        """Stop a revision, if it runs, after its requests in flight; whoever is still led to it gets 503."""
        scaler = self._scalers.pop(name, None)
        if scaler is None:
            return
        await scaler.stop()
        self._lead()
        for ingress in self._ingresses.values():
            await ingress.drained(scaler.revision, timeout_seconds=DRAIN_SECONDS)
        await scaler.revision.stop()

    async def stop(self) -> None:
        """Stop everything; requests in flight have their time."""
        await asyncio.gather(*(scaler.stop() for scaler in self._scalers.values()))
        await asyncio.gather(*(ingress.close() for ingress in self._ingresses.values()))
        await asyncio.gather(*(scaler.revision.stop() for scaler in self._scalers.values()))
        self._ingresses.clear()
        self._scalers.clear()

    def status(self) -> list[dict[str, Any]]:
        """What an operator asks: every revision that runs, its weight, its label, its replicas."""
        return [self._revision_status(name, scaler) for name, scaler in self._scalers.items()]

    def _revision_status(self, name: str, scaler: Scaler) -> dict[str, Any]:
        labels = [label for label, shares in self._routes.items() if label and name in {each for _, each in shares}]
        weights = {each: weight for weight, each in self._routes.get(OWN, ())}
        return {
            "name": name,
            "weight": weights.get(name),
            "labels": {label: f"https://{self.address(label)}" for label in labels},
            "trouble": scaler.trouble,
            "replicas": [
                {"name": each.name, "ready": each.ready, "restarts": each.restarts, "trouble": each.trouble}
                for each in scaler.revision.status().replicas
            ],
        }
