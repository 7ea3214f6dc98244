"""What does a person see who wants to publish? One page, with nothing fetched for it."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 2.5rem }
pre { padding: .75rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
         border-bottom: 1px solid var(--line) }
.method { border: 1px solid; border-radius: .3rem; padding: 0 .4rem; font-size: .85em }
"""


def page_of(document: Mapping[str, Any]) -> str:
    """Write an OpenAPI document out as one HTML page, without scripts."""
    return "".join(_page(document))


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    title = escape(info["title"])
    yield "<!doctype html><html lang=en><meta charset=utf-8>"
    yield "<meta name=viewport content='width=device-width'>"
    yield f"<title>{title}: the HTTP door</title><style>{_STYLE}</style>"
    yield f"<h1>{title}: the HTTP door</h1>"
    for paragraph in info["description"].split("\n\n"):
        yield f"<p>{_text(paragraph)}</p>"
    yield "<p>The same for machines: <a href='/openapi.json'><code>/openapi.json</code></a>.</p>"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(path, method, operation)
    yield "<h2>What the answers hold</h2>"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield from _schema(name, schema)
    yield "</html>"


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"<h2 id='{escape(operation['operationId'])}'><span class=method>{escape(method.upper())}"
        f"</span> <code>{escape(path)}</code></h2>"
    )
    yield f"<p><strong>{escape(operation.get('summary', ''))}.</strong> "
    yield f"{_text(operation.get('description', ''))}</p>"
    if operation.get("parameters"):
        yield "<table><tr><th>Parameter<th>In<th>About</tr>"
        for parameter in operation["parameters"]:
            about = parameter.get("description") or parameter["schema"].get("description", "")
            needed = "" if not parameter.get("required") else " (required)"
            yield (
                f"<tr><td><code>{escape(parameter['name'])}</code>{needed}"
                f"<td>{escape(parameter['in'])}<td>{_text(about)}</tr>"
            )
        yield "</table>"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body as <code>{escape(media_type)}</code></p>"
        if "example" in content:
            yield f"<pre>{escape(json.dumps(content['example'], indent=2))}</pre>"
    yield "<table><tr><th>Answer<th>Means</tr>"
    for status, response in sorted(operation["responses"].items()):
        yield f"<tr><td>{escape(status)}<td>{_text(response['description'])}"
        yield f"{_link(response)}</tr>"
    yield "</table>"


def _link(response: Mapping[str, Any]) -> str:
    for content in response.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name:
            return f" (<a href='#{escape(name)}'>{escape(name)}</a>)"
    return ""


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3 id='{escape(name)}'>{escape(name)}</h3>"
    yield f"<p>{_text(schema.get('description', ''))}</p>"
    if "enum" in schema:
        words = " · ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
        yield f"<p>{words}</p>"
        return
    yield "<table>"
    for field, kind in schema.get("properties", {}).items():
        needed = " (always)" if field in schema.get("required", ()) else ""
        yield (
            f"<tr><td><code>{escape(field)}</code>{needed}<td>{_kind(kind)}"
            f"<td>{_text(kind.get('description', ''))}</tr>"
        )
    yield "</table>"


def _kind(kind: Mapping[str, Any]) -> str:
    if "$ref" in kind:
        name = escape(kind["$ref"].rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in kind:
        return ", ".join(_kind(each) for each in kind["anyOf"] if each.get("type") != "null")
    if "enum" in kind:
        return " · ".join(escape(str(word)) for word in kind["enum"])
    if kind.get("type") == "array":
        return f"list of {_kind(kind.get('items', {}))}"
    return escape(str(kind.get("format") or kind.get("type") or "any"))


def _text(text: str) -> str:
    """Escape a text, with its code in backticks."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )
