"""Service Bus: queues, and the AMQP 1.0 broker in front of them that the official SDK speaks to.

Everything here is written from OASIS AMQP 1.0 and Microsoft's "AMQP 1.0 in Azure Service Bus protocol guide".
"""
