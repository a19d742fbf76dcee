"""The description of the API as one self-contained page: no script, nothing from elsewhere."""

import base64
import hashlib
import json
from html import escape
from typing import Final

from app.web.operation import Schema
from app.web.problems import SLUGS

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h2{font:600 1.1rem monospace;border-top:1px solid #ccc;padding-top:1rem}"
    "pre{background:#f4f4f4;padding:.8rem;overflow:auto;font-size:.85rem}td{padding:0 1rem 0 0;vertical-align:top}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def page(description: Schema) -> str:
    """Render a description."""
    title = escape(description["info"]["title"])
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        f'<h2 id="schema-{escape(name)}">{escape(name)}</h2><pre>{escape(json.dumps(schema, indent=2))}</pre>'
        for name, schema in description["components"]["schemas"].items()
    )
    problems = "".join(
        f'<tr id="problem-{slug}"><td>{status}</td><td>{slug}</td></tr>' for status, slug in sorted(SLUGS.items())
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{title}</h1><p>{escape(description['info']['description'])}</p>"
        f"{operations}<h1>Problems</h1><table>{problems}</table><h1>Schemas</h1>{schemas}</body></html>"
    )


def _operation(method: str, path: str, operation: Schema) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['description'])}</td></tr>"
        for parameter in operation["parameters"]
    )
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td><td>{_links(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    body = f"<p>Body: {_links(operation['requestBody'])}</p>" if "requestBody" in operation else ""
    return (
        f"<h2>{method.upper()} {escape(path)}</h2><p>{escape(operation['summary'])}.</p>"
        f"<table>{parameters}</table>{body}<table>{answers}</table>"
    )


def _links(holder: Schema) -> str:
    """Link the schemas of a body or an answer."""
    references = [content["schema"]["$ref"].rpartition("/")[2] for content in holder.get("content", {}).values()]
    return ", ".join(f'<a href="#schema-{escape(name)}">{escape(name)}</a>' for name in sorted(set(references)))
