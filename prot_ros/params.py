# SPDX-License-Identifier: Apache-2.0
"""One frozen dataclass per node <-> ROS parameters with descriptions, units and ranges.

    @dataclass(frozen=True)
    class Params:
        silence_ms: int = param(600, 'Silence that ends it', unit='ms', ge=100, le=5000)

A field takes the parameter's name, or has it in `name` where that has a dot, as `echo.mode`.

`declare` turns the fields into ROS parameters, `read` makes the frozen object when the node
configures. A value set later is checked at once and takes effect at the next configure; that of a
`live` field takes effect at once (`changed` makes the object that replaces the one before).
Secrets have no place here: every node on the network can read parameters.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_type_hints

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

P = TypeVar('P')

AT_CONFIGURE = 'takes effect at the next configure'

_TYPES: dict[type, Parameter.Type] = {
    bool: Parameter.Type.BOOL,
    int: Parameter.Type.INTEGER,
    float: Parameter.Type.DOUBLE,
    str: Parameter.Type.STRING,
}


class ParameterError(ValueError):
    """A parameter has a value that cannot be used; the message is one clear sentence."""


def param(
    default: Any,
    doc: str,
    *,
    unit: str = '',
    ge: float | None = None,
    le: float | None = None,
    one_of: Iterable[str] = (),
    name: str = '',
    live: bool = False,
) -> Any:
    """Describe one field: its default, what it means, its unit, and the values it takes.

    `live` is for what the node can change while it works: see `ProtNode.on_params_changed`.
    """
    metadata = {
        'doc': doc, 'unit': unit, 'ge': ge, 'le': le, 'one_of': tuple(one_of), 'name': name,
        'live': live,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata=metadata)


def by_name(cls: type) -> dict[str, dataclasses.Field[Any]]:
    """Return the fields by the names of the parameters, those with a dot in it last."""
    names = {f.metadata['name'] or f.name: f for f in dataclasses.fields(cls)}
    return dict(sorted(names.items(), key=lambda item: '.' in item[0]))


def kinds(cls: type) -> dict[str, type]:
    """Return each parameter's name and Python type."""
    hints = get_type_hints(cls)
    return {name: hints[f.name] for name, f in by_name(cls).items()}


def made(cls: type[P], values: Mapping[str, Any]) -> P:
    """Return the dataclass with values by the names of the parameters, the rest at its default.

    Raises ValueError when the values contradict each other.
    """
    fields = by_name(cls)
    return cls(**{fields[name].name: value for name, value in values.items()})


def describe(field: dataclasses.Field[Any]) -> str:
    """Return the sentence a person reads in rqt or `ros2 param describe`."""
    meta = field.metadata
    unit = f' [{meta["unit"]}]' if meta['unit'] else ''
    return f'{meta["doc"]}{unit}'


def allowed(field: dataclasses.Field[Any]) -> str:
    """Return the values a parameter takes, in words; '' when any of its type will do."""
    meta = field.metadata
    if meta['one_of']:
        return 'one of ' + ', '.join(meta['one_of'])
    if meta['ge'] is not None and meta['le'] is not None:
        return f'{meta["ge"]} to {meta["le"]}'
    return ''


def when(field: dataclasses.Field[Any]) -> str:
    """Return when a value that is set at run time takes effect, in words."""
    return 'takes effect at once' if field.metadata['live'] else AT_CONFIGURE


def changed(params: P, values: Mapping[str, Any]) -> P:
    """Return the object with those of `values` (by parameter name) that take effect at once.

    Raises ValueError when they contradict the others.
    """
    fields = by_name(type(params))
    live = {
        fields[name].name: value
        for name, value in values.items()
        if name in fields and fields[name].metadata['live']
    }
    # A dataclass by the contract above, which the type variable cannot say.
    return dataclasses.replace(params, **live)  # type: ignore[type-var]


def problem(cls: type, name: str, value: object) -> str:
    """Return what is wrong with a value in one sentence, '' when nothing is."""
    fields = by_name(cls)
    if name not in fields:
        near = difflib.get_close_matches(name, fields, n=1)
        hint = f', did you mean {near[0]!r}?' if near else ''
        return f'there is no parameter {name!r}{hint}'
    field, kind = fields[name], kinds(cls)[name]
    if type(value) is not kind:
        hint = f'; write {value}.0' if kind is float and type(value) is int else ''
        return (
            f'parameter {name!r} is {value!r} ({type(value).__name__}), '
            f'expected {kind.__name__}{hint}'
        )
    meta = field.metadata
    if meta['one_of'] and value not in meta['one_of']:
        return f'parameter {name!r} is {value!r}, expected {allowed(field)}'
    if meta['ge'] is not None and not meta['ge'] <= value <= meta['le']:
        unit = f' {meta["unit"]}' if meta['unit'] else ''
        return f'parameter {name!r} is {value!r}, expected {allowed(field)}{unit}'
    return ''


def declare(node: Node, cls: type, taken: Callable[[], object | None]) -> None:
    """Declare every field as a parameter of `node` and check every later change.

    `taken` returns the object that the node has from `read`, None while it has none.
    Raises ParameterError when the parameter file or command line gave a value that does not fit.
    """
    for name, field in by_name(cls).items():
        _declare_one(node, cls, name, field)

    def check(parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name in kinds(cls):
                reason = problem(cls, parameter.name, parameter.value)
                if reason:
                    return SetParametersResult(successful=False, reason=reason)
        held = taken()
        try:
            if held is not None:
                changed(held, {parameter.name: parameter.value for parameter in parameters})
        except ValueError as err:
            return SetParametersResult(successful=False, reason=str(err))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(check)


def _declare_one(node: Node, cls: type, name: str, field: dataclasses.Field[Any]) -> None:
    kind = kinds(cls)[name]
    descriptor = ParameterDescriptor(
        name=name,
        type=_TYPES[kind].value,
        description=describe(field),
        additional_constraints='; '.join(
            filter(None, (allowed(field) if field.metadata['one_of'] else '', when(field)))
        ),
    )
    ge, le = field.metadata['ge'], field.metadata['le']
    if ge is not None and kind is int:
        descriptor.integer_range = [IntegerRange(from_value=ge, to_value=le, step=1)]
    elif ge is not None:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(ge), to_value=float(le), step=0.0)
        ]
    # rclpy's own complaint names neither the node nor what was expected, so look first at what
    # the parameter file or the command line asks for.
    given = getattr(node, '_parameter_overrides', {}).get(name)
    reason = problem(cls, name, given.value) if given is not None else ''
    if reason:
        raise ParameterError(f'{node.get_name()}: {reason}')
    try:
        node.declare_parameter(name, field.default, descriptor)
    except (InvalidParameterTypeException, InvalidParameterValueException) as err:
        raise ParameterError(f'{node.get_name()}: {err}') from err


def read(node: Node, cls: type[P]) -> P:
    """Return the parameters as they are now; raise ParameterError when they contradict."""
    values = {name: node.get_parameter(name).value for name in kinds(cls)}
    try:
        return made(cls, values)
    except ValueError as err:
        raise ParameterError(f'{node.get_name()}: {err}') from err
