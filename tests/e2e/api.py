"""The deployed API, as a client sees it."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.e2e.checkout import Checkout

REQUEST_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any


class Api:
    """The API of a deployed checkout, asked with a token of one person."""

    def __init__(self, checkout: Checkout, *, subject: str = "ada", stack: str = "dev") -> None:
        outputs = checkout.outputs(STACK=stack)
        self.url: str = outputs["api_url"]
        self._headers = {
            "Authorization": f"Bearer {checkout.token(SUBJECT=subject, STACK=stack)}",
            "Content-Type": "application/json",
            "X-Azure-FDID": outputs["front_door_id"],
        }
        trust = ssl.create_default_context(cafile=checkout.state / "tls" / "ca.pem")
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )

    def ask(self, method: str, path: str, body: Any = None, *, url: str = "") -> Answer:
        """Send one request, to the address of a label if `url` is given."""
        request = urllib.request.Request(
            (url or self.url) + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=self._headers,
            method=method,
        )
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                return Answer(response.status, json.loads(response.read() or b"null"))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, json.loads(error.read() or b"null"))

    def title(self, *, url: str = "") -> str:
        """The title in the OpenAPI document: it changes with the code."""
        return self.ask("GET", "/openapi.json", url=url).body["info"]["title"]
