# SPDX-License-Identifier: Apache-2.0
"""The part of JSON Schema that a model can be held to, as strictly as the service takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_KEYWORDS = {
    'type', 'properties', 'required', 'additionalProperties', 'items', 'minItems', 'enum', 'const',
    'anyOf', 'allOf', 'format', 'title', 'description',
}  # fmt: skip
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    'object': dict,
    'array': list,
    'string': str,
    'integer': int,
    'number': (int, float),
    'boolean': bool,
    'null': type(None),
}
_FORMATS = (
    'date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid',
)  # fmt: skip
_DEEPEST = 20
_DATE = re.compile(r'\d{4}-\d{2}-\d{2}')


def complaint(schema: Any, where: str = 'schema', depth: int = 0) -> str:
    """Return what the service has against a schema, '' for nothing."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return f'{where}: expected an object, at most {_DEEPEST} deep'
    unknown = set(schema) - _KEYWORDS
    if unknown:
        return f'{where}: {sorted(unknown)} are not supported'
    if not schema.keys() & {'type', 'enum', 'const', 'anyOf', 'allOf'}:
        return f'{where}: type: Field required'
    if 'type' in schema and schema['type'] not in tuple(_TYPES):
        return f'{where}.type: {schema["type"]!r} is not supported'
    if schema.get('format', 'date') not in _FORMATS or schema.get('minItems', 0) not in (0, 1):
        return f'{where}: the format, or minItems, is not supported'
    for value in schema.get('enum', ()):
        if not isinstance(value, str | int | float | bool | None):
            return f'{where}.enum: {value!r} is not supported'
    inside = {f'{where}.{name}': part for name, part in schema.get('properties', {}).items()}
    if schema.get('type') == 'object':
        if schema.get('additionalProperties') is not False:
            return f'{where}.additionalProperties: expected false'
        if not set(schema.get('required', ())) <= set(schema.get('properties', {})):
            return f'{where}.required: names what is no property'
    if 'items' in schema:
        inside[f'{where}.items'] = schema['items']
    for name in ('anyOf', 'allOf'):
        inside |= {f'{where}.{name}.{n}': part for n, part in enumerate(schema.get(name, ()))}
    found = (complaint(part, name, depth + 1) for name, part in inside.items())
    return next(filter(None, found), '')


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Tell whether a value is as a valid schema wants it."""
    if 'anyOf' in schema and not any(fits(value, part) for part in schema['anyOf']):
        return False
    if not all(fits(value, part) for part in schema.get('allOf', ())):
        return False
    if 'const' in schema and not _same(value, schema['const']):
        return False
    if 'enum' in schema and not any(_same(value, one) for one in schema['enum']):
        return False
    kind = schema.get('type')
    if kind is None:
        return True
    if not isinstance(value, _TYPES[kind]):
        return False
    if isinstance(value, bool) and kind in ('integer', 'number'):
        return False
    if isinstance(value, dict):
        properties = schema.get('properties', {})
        return (set(schema.get('required', ())) <= set(value) <= set(properties)) and all(
            fits(each, properties[name]) for name, each in value.items()
        )
    if isinstance(value, list):
        enough = len(value) >= schema.get('minItems', 0)
        return enough and all(fits(each, schema.get('items', {})) for each in value)
    return schema.get('format') != 'date' or _DATE.fullmatch(str(value)) is not None


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)
