"""How a job fails: with a reason for whoever reads its log."""


class JobError(Exception):
    """The job has not done what it is for; the message is the reason."""
