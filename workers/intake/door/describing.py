"""How does the OpenAPI document describe what routes read raw, and what all refuse?"""

from typing import Any

from contracts.envelope import BATCH, STRUCTURED
from workers.intake.door.refusals import MEDIA_TYPE, TITLES
from workers.intake.door.shapes import ProblemShape

EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "m-20261120-0001",
    "source": "/callcentre/doncaster",
    "type": "onward.call.message_taken.v1",
    "subject": "C-1042",
    "time": "2026-11-20T09:58:31Z",
    "datacontenttype": "application/json",
    "data": {
        "call_id": "call-7",
        "taken_at": "2026-11-20T09:58:30Z",
        "text": "Please ring back about the lease before noon.",
        "caller": {"name": "Ada Quill", "number": "+441632960111"},
        "urgency": "routine",
    },
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "A CloudEvent 1.0; types and their data are in the AsyncAPI document.",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "maxLength": 200},
        "source": {"type": "string", "format": "uri-reference", "maxLength": 500},
        "type": {"type": "string", "examples": ["onward.call.message_taken.v1"]},
        "subject": {"type": "string", "description": "The customer's reference."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
    "additionalProperties": {"type": ["string", "integer", "boolean"]},
}
PUBLISHING: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED: {"schema": _EVENT, "example": EXAMPLE},
            BATCH: {
                "schema": {"type": "array", "items": _EVENT, "maxItems": 1000},
                "example": [EXAMPLE],
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "Binary mode: the data alone, with `ce-` headers beside it.",
                },
                "example": EXAMPLE["data"],
            },
        },
    },
    "parameters": [
        {
            "name": f"ce-{name}",
            "in": "header",
            "required": False,
            "description": "Binary mode only.",
            "schema": {"type": "string"},
            "example": EXAMPLE[name],
        }
        for name in ("specversion", "id", "source", "type", "subject", "time")
    ],
}
UPLOADING: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "*/*": {"schema": {"type": "string", "format": "binary"}},
        },
    },
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals of a route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}
    return {
        status: {"description": TITLES[status], "model": ProblemShape, "content": content}
        for status in statuses
    }
