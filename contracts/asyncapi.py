"""How are our channels described to a publisher's tools (AsyncAPI 3.0)?"""

from typing import Any

from contracts.envelope import STRUCTURED
from contracts.events import TYPES, EventType, Whose
from contracts.outcomes import OUTCOMES, Outcome

Json = dict[str, Any]

_AMQP = "0.3.0"
_HTTP = "0.3.0"


def document() -> Json:
    """The AsyncAPI document, as seen from Onward: it receives events and sends outcomes."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Onward",
            "version": "1",
            "description": (
                "Publish calls, post and invoices as CloudEvents 1.0, and learn what became of "
                "them. Hosts are examples: the office that runs Onward names its own."
            ),
        },
        "defaultContentType": STRUCTURED,
        "servers": {
            "broker": {
                "host": "broker.example.com:5671",
                "protocol": "amqps",
                "protocolVersion": "0-9-1",
                "description": "RabbitMQ; each publisher has a user of its own.",
                "security": [_ref("components/securitySchemes/brokerUser")],
            },
            "door": {
                "host": "onward.example.com",
                "protocol": "https",
                "description": "The HTTP door.",
                "security": [_ref("components/securitySchemes/publisherKey")],
            },
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": {
                **{kind.name: _event_message(kind) for kind in TYPES.values()},
                **{outcome.name: _outcome_message(outcome) for outcome in OUTCOMES.values()},
            },
            "securitySchemes": {
                "brokerUser": {"type": "userPassword"},
                "publisherKey": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _ref(path: str) -> Json:
    return {"$ref": f"#/{path}"}


def _messages(names: list[str]) -> Json:
    return {name: _ref(f"components/messages/{name}") for name in names}


def _channels() -> Json:
    events, outcomes = list(TYPES), list(OUTCOMES)
    return {
        "onward.events": {
            "address": "{name}",
            "description": (
                "Publish persistent and mandatory, with confirms and the property user_id. The "
                "body is a structured CloudEvent, or its data alone with the attributes as "
                "headers ce-<name>, cloudEvents_<name> or cloudEvents:<name>."
            ),
            "servers": [_ref("servers/broker")],
            "parameters": {
                "name": {
                    "description": "The event's type without prefix and version.",
                    "enum": events,
                }
            },
            "messages": _messages(events),
            "bindings": {"amqp": _exchange("onward.events")},
        },
        "onward.outcomes": {
            "address": "{publisher}.{name}",
            "description": "Bind a queue of your own to <your name>.*, and no other.",
            "servers": [_ref("servers/broker")],
            "parameters": {
                "publisher": {"description": "The publisher's name."},
                "name": {"description": "The outcome's name.", "enum": outcomes},
            },
            "messages": _messages(outcomes),
            "bindings": {"amqp": _exchange("onward.outcomes")},
        },
        "events.http": {
            "address": "/events",
            "description": (
                "One structured CloudEvent, one in binary mode with ce- headers, or a batch "
                "(application/cloudevents-batch+json). 202 answers after the commit."
            ),
            "servers": [_ref("servers/door")],
            "messages": _messages(events),
        },
        "outcomes.http": {
            "address": "/outcomes",
            "description": "Outcomes for publishers without the broker, asked for by ?after=.",
            "servers": [_ref("servers/door")],
            "messages": _messages(outcomes),
        },
    }


def _exchange(name: str) -> Json:
    return {
        "is": "routingKey",
        "exchange": {
            "name": name,
            "type": "topic",
            "durable": True,
            "autoDelete": False,
            "vhost": "/",
        },
        "bindingVersion": _AMQP,
    }


def _operations() -> Json:
    kept = {"amqp": {"deliveryMode": 2, "bindingVersion": _AMQP}}
    acknowledged = {"amqp": {"ack": True, "bindingVersion": _AMQP}}
    return {
        "takeIn": _operation("receive", "onward.events", list(TYPES), acknowledged),
        "answer": _operation("send", "onward.outcomes", list(OUTCOMES), kept),
        "takeInOverHttp": _operation("receive", "events.http", list(TYPES), _method("POST")),
        "answerOverHttp": _operation("send", "outcomes.http", list(OUTCOMES), _method("GET")),
    }


def _method(name: str) -> Json:
    return {"http": {"method": name, "bindingVersion": _HTTP}}


def _operation(action: str, channel: str, names: list[str], bindings: Json) -> Json:
    return {
        "action": action,
        "channel": _ref(f"channels/{channel}"),
        "messages": [_ref(f"channels/{channel}/messages/{name}") for name in names],
        "bindings": bindings,
    }


def _event_message(kind: EventType) -> Json:
    narrowed: Json = {
        "type": "object",
        "properties": {
            "type": {"const": kind.wire},
            "data": {"$ref": f"./events/{kind.name}.v1.json"},
        },
        "required": ["data"],
    }
    match kind.whose:
        case Whose.SUBJECT:
            narrowed["required"].append("subject")
        case Whose.EVERYONE:
            narrowed["properties"]["subject"] = {"type": "null"}
        case Whose.DIALLED:
            narrowed["anyOf"] = _subject_or("dialled_number")
        case Whose.ADDRESSEE:
            narrowed["anyOf"] = _subject_or("addressee")
        case Whose.NAMED:
            pass
    return _message(kind.name, kind.model.__doc__ or "", narrowed)


def _subject_or(field: str) -> list[Json]:
    return [{"required": ["subject"]}, {"properties": {"data": {"required": [field]}}}]


def _outcome_message(outcome: Outcome) -> Json:
    narrowed = {
        "type": "object",
        "properties": {
            "type": {"const": outcome.wire},
            "data": {"$ref": f"./outcomes/{outcome.name}.v1.json"},
        },
        "required": ["data"],
    }
    return _message(outcome.name, outcome.model.__doc__ or "", narrowed)


def _message(name: str, docstring: str, narrowed: Json) -> Json:
    return {
        "name": name,
        "title": name,
        "summary": docstring.partition("\n")[0],
        "contentType": STRUCTURED,
        "payload": {"allOf": [{"$ref": "./envelope.json"}, narrowed]},
        "bindings": {"amqp": {"messageType": name, "bindingVersion": _AMQP}},
    }
