"""The service's request log as a table of KQL.

The service writes one JSON line per answered request to its console (`app/web/request_log.py`), which the environment
sends to the workspace. That log is complete: nothing samples it. It does not see what never reached a replica; for
that there are the ingress metrics and the availability tests.
"""

from typing import Final

from app.contract import LIVENESS_PATH

REQUESTS: Final = f"""\
ContainerAppConsoleLogs
| where Log has "app.request"
| extend line = parse_json(Log)
| where tostring(line.logger) == "app.request" and tostring(line.path) !startswith "{LIVENESS_PATH}"
| extend status = toint(line.status), milliseconds = todouble(line.milliseconds)
| extend bad = status == 0 or status >= 500"""
"""One row per request of a user, with `status`, `milliseconds` and `bad`; status 0 was never answered."""
