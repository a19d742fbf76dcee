"""How many messages wait in the queue of a scale rule, as KEDA's `azure-servicebus` scaler would read it."""

from localazure.access import SERVICE_BUS_READERS
from localazure.containers.errors import ContainersError
from localazure.containers.spec import QueueRule
from localazure.subscription import Subscription


class QueueUnreadableError(ContainersError):
    """A scale rule whose queue is not there, or not to be read by the rule's identity."""


def backlog(subscription: Subscription, rule: QueueRule) -> int:
    """Count the messages that wait.

    Container Apps accepts a rule that cannot be read, and never scales by it; so this is found out look by look.

    Raises:
        QueueUnreadableError: there is no such queue, or the identity has no role that reads it.
    """
    namespaces = {record.name.lower(): record for record in subscription.find("servicebus:Namespace")}
    namespace = namespaces.get(rule.namespace.lower())
    queue = namespace and subscription.get(f"{namespace.id}/queues/{rule.queue}")
    if namespace is None or queue is None:
        raise QueueUnreadableError(f"scale rule: there is no queue {rule.queue} in a namespace {rule.namespace}")
    if not subscription.is_granted(rule.principal, SERVICE_BUS_READERS, queue.id):
        raise QueueUnreadableError(f"scale rule: Unauthorized access. 'Listen' claim(s) are required on {queue.id}")
    host = namespace.outputs["serviceBusEndpoint"].removeprefix("https://").partition("/")[0]
    return subscription.runtime.buses.active_messages(host, rule.queue)
