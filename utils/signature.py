"""Check plain JSON arguments against a constructor's signature: one line of text per fault, nothing constructed."""

import collections.abc
import copy
import dataclasses
import difflib
import inspect
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from utils.strict_json import shown

NoneType = type(None)
NAMES = {bool: "true or false", int: "integer", float: "number", str: "string", Path: "string", NoneType: "null"}
UNIONS = (typing.Union, types.UnionType)
LISTS = (list, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
LARGEST = 2**53
"""The largest integer that every JSON reader reads exactly (RFC 8259, section 6)."""
DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def argument_faults(path: str, constructor: Callable[..., Any], args: Any, reserved: Collection[str]) -> list[str]:
    """Return one line per fault of `args` as keyword arguments: unknown, reserved, of the wrong type, missing.

    `reserved` names the parameters that the caller fills in. Parameters without an annotation, or with one that
    plain JSON has no counterpart for, take anything. A dataclass is given as an object of its arguments.
    """
    if not isinstance(args, dict):
        return [f"{path}: expected object, got {shown(args)}"]
    parameters = named_parameters(constructor)
    free = [name for name in parameters if name not in reserved]
    faults = []
    for key, value in args.items():
        place = f"{path}.{label(key)}"
        if key in reserved:
            faults.append(f"{place}: is filled in by the framework; leave it out")
        elif key in parameters:
            annotation = parameters[key].annotation
            made, item = dataclass_of(annotation), dataclass_of_items(annotation)
            if made and isinstance(value, dict):
                faults += argument_faults(place, made, value, ())
            elif item and isinstance(value, list):
                for i, entry in enumerate(value):
                    faults += argument_faults(f"{place}.{i}", item, entry, ())
            elif not matches(value, annotation) and (value is not None or parameters[key].default is not None):
                faults.append(f"{place}: expected {describe(annotation)}, got {shown(value)}")
            elif type(value) is int and abs(value) > LARGEST:
                faults.append(f"{place}: expected a number of at most 2**53, got {shown(value)}")
        elif not _takes_any_keyword(constructor):
            faults.append(f"{place}: unknown key; {did_you_mean(key, free)}")
    required = [name for name in free if parameters[name].default is inspect.Parameter.empty]
    return faults + [f"{path}.{name}: missing" for name in required if name not in args]


def accepted(constructor: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given keyword arguments that the constructor takes."""
    if _takes_any_keyword(constructor):
        return dict(given)
    parameters = named_parameters(constructor)
    return {name: value for name, value in given.items() if name in parameters}


def constructed(constructor: Callable[..., Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of checked arguments in which objects given for dataclasses have become instances."""
    annotations = {name: parameter.annotation for name, parameter in named_parameters(constructor).items()}
    return {name: _made(value, annotations.get(name)) for name, value in copy.deepcopy(dict(args)).items()}


def _made(value: Any, annotation: Any) -> Any:
    kind, item = dataclass_of(annotation), dataclass_of_items(annotation)
    if kind and isinstance(value, dict):
        return kind(**constructed(kind, value))
    if item and isinstance(value, list):
        return [item(**constructed(item, entry)) for entry in value]
    return value


def dataclass_of(annotation: Any) -> type | None:
    """Return the dataclass that an annotation such as `Transform | None` names, if any."""
    members = typing.get_args(annotation) if typing.get_origin(annotation) in UNIONS else (annotation,)
    return next((member for member in members if _is_dataclass(member)), None)


def dataclass_of_items(annotation: Any) -> type | None:
    """Return the dataclass of the items that an annotation such as `str | list[Entry]` takes, if any."""
    members = typing.get_args(annotation) if typing.get_origin(annotation) in UNIONS else (annotation,)
    items = (typing.get_args(member) for member in members if typing.get_origin(member) is list)
    return next((inner[0] for inner in items if inner and _is_dataclass(inner[0])), None)


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return "did you mean X?" for the nearest option, whatever its case, or the list of options if none is near."""
    by_lower = {option.lower(): option for option in options}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    if near:
        return f"did you mean {by_lower[near[0]]}?"
    return f"there is: {', '.join(by_lower.values()) or 'nothing to choose from'}"


def label(key: str) -> str:
    """Return the key as it is, or quoted if it would not be readable on one line."""
    return key if key.isprintable() and 0 < len(key) <= 60 else shown(key)


def matches(value: Any, annotation: Any) -> bool:
    """True if plain JSON data fit an annotation: true is no integer, 1 is a number, a list is a tuple."""
    origin, inner = typing.get_origin(annotation) or annotation, typing.get_args(annotation)
    if origin in UNIONS:
        return any(matches(value, member) for member in _members(inner))
    if origin is typing.Literal:
        return any(type(value) is type(choice) and value == choice for choice in inner)
    if origin in LISTS:
        return isinstance(value, list) and _items_match(value, origin, inner)
    if origin in DICTS:
        return isinstance(value, dict) and (not inner or all(matches(item, inner[1]) for item in value.values()))
    if _is_dataclass(origin):
        return isinstance(value, dict) and not argument_faults("", origin, value, ())
    if origin is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    return not _has_json_form(origin) or type(value) is (str if origin is Path else origin)


def describe(annotation: Any) -> str:
    """Return an annotation in JSON's words, such as "integer or null"."""
    origin, inner = typing.get_origin(annotation) or annotation, typing.get_args(annotation)
    if origin in UNIONS:
        return " or ".join(describe(member) for member in _members(inner))
    if origin is typing.Literal:
        return "one of " + ", ".join(shown(choice) for choice in inner)
    if origin is tuple and inner and inner[-1] is not Ellipsis:
        return f"list [{', '.join(describe(item) for item in inner)}]"
    if origin in LISTS:
        return f"list of {describe(inner[0])}" if inner else "list"
    if origin in DICTS or _is_dataclass(origin):
        return "object"
    return NAMES.get(origin, "any value")


def _members(union: tuple[Any, ...]) -> list[Any]:
    """Return the members with a JSON form: of `float | Tensor` the float; all members if null alone has a form."""
    known = [member for member in union if _has_json_form(typing.get_origin(member) or member)]
    return known if set(known) - {NoneType} else list(union)


def _has_json_form(origin: Any) -> bool:
    return origin in (*NAMES, *LISTS, *DICTS, *UNIONS, typing.Literal) or _is_dataclass(origin)


def _is_dataclass(annotation: Any) -> bool:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def _items_match(values: list[Any], origin: Any, inner: tuple[Any, ...]) -> bool:
    if origin is tuple and inner and inner[-1] is not Ellipsis:
        return len(values) == len(inner) and all(map(matches, values, inner))
    return not inner or all(matches(value, inner[0]) for value in values)


def _initialisers(constructor: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The functions that take the arguments: a class's own __init__ and, while that has **kwargs, those above it."""
    owners = constructor.__mro__[:-1] if isinstance(constructor, type) else ()
    functions = [vars(owner)["__init__"] for owner in owners if "__init__" in vars(owner)]
    for function in functions if owners else [constructor]:
        yield function
        if not _has_kwargs(function):
            return


def named_parameters(constructor: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return parameters by name, their annotations resolved."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    by_name: dict[str, inspect.Parameter] = {}
    for function in _initialisers(constructor):
        parameters = list(inspect.signature(function).parameters.values())
        for parameter in parameters[isinstance(constructor, type) :]:
            if parameter.kind in named:
                by_name.setdefault(parameter.name, parameter.replace(annotation=_annotation(parameter, function)))
    return by_name


def _has_kwargs(function: Callable[..., Any]) -> bool:
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def _takes_any_keyword(constructor: Callable[..., Any]) -> bool:
    """True for a function with **kwargs; a class passes its **kwargs on to its base classes, whose names are known."""
    return not isinstance(constructor, type) and _has_kwargs(constructor)


def _annotation(parameter: inspect.Parameter, function: Callable[..., Any]) -> Any:
    """Return a parameter's annotation, resolved if a string; Any if missing or known to type checkers alone."""
    if parameter.annotation is inspect.Parameter.empty:
        return Any
    holder = types.SimpleNamespace(__annotations__={"it": parameter.annotation})
    try:
        return typing.get_type_hints(holder, getattr(inspect.unwrap(function), "__globals__", {}))["it"]
    except (NameError, AttributeError, TypeError, SyntaxError):
        return Any
