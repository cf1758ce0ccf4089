"""The server as an OpenAPI 3.1 document, generated from the artifacts that it serves."""

from collections.abc import Mapping
from typing import Any

from zoo import __version__
from zoo.artifact.columns import BOOLEAN, COUNT, DATE, Column
from zoo.artifact.endpoints import PROBABILITY, Tensor
from zoo.runtime.inputs import sizes
from zoo.runtime.labels import LABEL
from zoo.runtime.ragged import LENGTH
from zoo.runtime.tables import NUMBERS, columns_of
from zoo.serve import words
from zoo.serve.models import DATATYPES, STRINGS, Model, Served, shape_outside
from zoo.serve.settings import Limits

Json = dict[str, Any]

_ERRORS = {
    "400": "what was given does not fit; the sentence says what is wanted",
    "401": "a token is wanted",
    "404": "there is no such model, version or endpoint",
    "405": "another method is wanted",
    "408": "the body did not arrive in time",
    "413": "the body is too large",
    "415": "another Content-Encoding is wanted",
    "503": "the server has no place or no time for it now, or is ending",
}
_POSTED = ("400", "404", "405", "408", "413", "415", "503")
_GOT = ("404", "405")


def document(served_now: Mapping[str, Served], limits: Limits, has_tokens: bool = False) -> Json:
    """The document, of what is served now.

    Args:
        served_now: {name: artifact}.
        limits: whose rows are stated.
        has_tokens: whether a request must carry one.
    """
    paths: Json = {
        "/v2/health/live": _get("Whether the server answers", _flags("live"), open_=True),
        "/v2/health/ready": _get(
            "Whether it takes requests; not while it ends", _flags("ready"), open_=True, busy=True
        ),
        "/v2": _get("The server", _object(name=_TEXT, version=_TEXT, extensions=_list(_TEXT))),
        "/v2/models": _get("Names of all models", _object(models=_list(_TEXT))),
        "/v1": _get("Every artifact, and what may be asked of it", {"type": "object"}),
    }
    for served in served_now.values():
        paths[f"/v1/{served.name}"] = _get(f"The artifact {served.name}", {"type": "object"})
        for key, model in served.models.items():
            paths[f"/v1/{served.name}/{key}"] = _by_words(model, key, limits)
            place = f"/v2/models/{model.name}"
            paths[place] = _get("Its tensors", {"type": "object"})
            paths[f"{place}/ready"] = _get(
                "Whether it takes requests", _flags("ready", name=_TEXT), busy=True
            )
            paths[f"{place}/infer"] = _infer(model, limits)
    if has_tokens:
        _ask_for_tokens(paths)
    made: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "vae-zoo",
            "version": __version__,
            "description": "Variational autoencoders: /v1 by the words of their schemas, /v2 by "
            "the Open Inference Protocol, whose binary extension is much faster for pictures.",
        },
        "paths": paths,
        "components": {"schemas": {"Error": _object(error=_TEXT)}},
    }
    if has_tokens:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made


def example(model: Model) -> Json:
    """A request of one row, by words, that the endpoint answers."""
    schema = model.schema
    found: Json = {}
    for name, tensor in words.inputs_of(model).items():
        if name == words.TABLE:
            columns = columns_of(schema, model.endpoint.inputs)
            found[name] = {column.name: [_usual(column)] for column in columns}
        elif name == STRINGS:
            vocabulary = schema.vocabulary
            assert vocabulary is not None
            found[name] = [vocabulary.text([0])]
        elif name == LABEL and schema.classes:
            found[name] = [schema.classes[0]]
        elif name == "seed":
            found[name] = [1]
        elif name == LENGTH:
            found[name] = [1]
        else:
            assert tensor is not None
            low, high = schema.range if name == "x" else (0.0, 0.0)
            found[name] = [_filled(sizes(tensor), _middle(low, high, tensor))]
    if schema.is_strokes and "x" in found:
        found["x"] = [[[1.0, 1.0, 1.0]]]
    return found


def _by_words(model: Model, key: str, limits: Limits) -> Json:
    inputs = {
        name: _input(model, name, tensor, limits.rows)
        for name, tensor in words.inputs_of(model).items()
    }
    outputs = {tensor.name: _output(tensor) for tensor in model.endpoint.outputs}
    if words.has_table(model):
        outputs[words.TABLE] = {"type": "object", "additionalProperties": _list({})}
    if model.spells:
        outputs[STRINGS] = _list(_TEXT)
    body = _object(**inputs) | {"additionalProperties": False}
    body["required"] = [name for name in inputs if name not in words.may_lack(model)]
    return _post(f"{model.artifact_name}: {key}", body, _object(**outputs), example(model))


def _infer(model: Model, limits: Limits) -> Json:
    tensor = _object(name=_TEXT, shape=_list({"type": "integer"}), datatype=_TEXT)
    tensor["required"] = ["name", "shape", "datatype"]
    parameters = {"type": "object"}
    given = [
        _object(
            name={"const": each.name},
            shape={"type": "array", "prefixItems": [{"type": "integer", "minimum": 0}]},
            datatype={"enum": [DATATYPES[each.dtype]] + ["BYTES"] * model.takes_text(each)},
            data={"type": "array"},
        )
        for each in model.endpoint.inputs
    ]
    inputs = {
        "type": "array",
        "items": {"anyOf": given},
        "minItems": len(given),
        "maxItems": len(given),
    }
    body = _object(inputs=inputs) | {"required": ["inputs"]}
    body["properties"] |= {
        "id": _TEXT,
        "parameters": parameters,
        "outputs": _list(_object(name=_TEXT)),
    }
    answer = _object(model_name=_TEXT, model_version=_TEXT, outputs=_list(tensor))
    shown = {
        "inputs": [
            {
                "name": each.name,
                "shape": [1, *(size for size in shape_outside(each)[1:])],
                "datatype": DATATYPES[each.dtype],
                "data": _filled([_product(sizes(each))], _plain_value(model, each)),
            }
            for each in model.endpoint.inputs
        ]
    }
    said = f"{model.name}, at most {limits.rows} rows, by the Open Inference Protocol"
    return _post(said, body, answer, shown)


def _input(model: Model, name: str, tensor: Tensor | None, rows: int) -> Json:
    """The JSON schema of an input by words."""
    batch = {"type": "array", "maxItems": rows}
    if name == words.TABLE:
        columns = columns_of(model.schema, model.endpoint.inputs)
        known = {column.name: batch | {"items": _value(column)} for column in columns}
        known |= {each: {"type": "array"} for each in model.schema.left_out}
        needed = [column.name for column in columns if not column.missing]
        return {
            "type": "object",
            "properties": known,
            "required": needed,
            "additionalProperties": False,
        }
    if name == STRINGS:
        return batch | {"items": _TEXT}
    assert tensor is not None
    row = _row(tensor, _number(model, name, tensor))
    if name == "x" and (model.schema.is_strokes or LENGTH in words.inputs_of(model)):
        row.pop("minItems", None)
    made: Json = batch | {"items": row}
    if name == LABEL and model.schema.classes:
        known_name = {"type": "string", "enum": list(model.schema.classes)}
        return {"anyOf": [made, known_name, batch | {"items": known_name}]}
    if name == "x" and model.schema.features:
        features = {each: batch | {"items": _NUMBER} for each in model.schema.features}
        return {"anyOf": [made, _object(**features)]}
    return made


def _number(model: Model, name: str, tensor: Tensor) -> Json:
    """The JSON schema of one number of an input."""
    if tensor.dtype.startswith("int"):
        bits = 63 if tensor.dtype == "int64" else 31
        made: Json = {"type": "integer", "minimum": -(2**bits), "maximum": 2**bits - 1}
        if tensor.below is not None:
            made |= {"minimum": -1 if tensor.missing else 0, "maximum": tensor.below - 1}
        return made
    made = {"type": ["number", "null"]} if tensor.missing else {"type": "number"}
    schema = model.schema
    if name == "x":
        made |= {} if schema.low is None else {"minimum": schema.low}
        made |= {} if schema.high is None else {"maximum": schema.high}
    return made


def _output(tensor: Tensor) -> Json:
    whole = tensor.dtype.startswith("int")
    number: Json = {"type": "integer"} if whole else {"type": ["number", "null"]}
    if tensor.kind == PROBABILITY:
        number |= {"minimum": 0, "maximum": 1}
    return _list(_row(tensor, number))


def _row(tensor: Tensor, number: Json) -> Json:
    for size in reversed(sizes(tensor)):
        number = {"type": "array", "items": number, "minItems": size, "maxItems": size}
    return number


def _value(column: Column) -> Json:
    """The JSON schema of one value of a column."""
    if column.kind == DATE:
        made: Json = {"type": ["string", "null"]}
    elif column.kind == COUNT:
        made = {"type": ["integer", "string", "null"], "minimum": 0}
    elif column.is_number:
        made = {"type": ["number", "string", "null"]}
    elif column.kind == BOOLEAN:
        made = {"enum": [*column.words, True, False, None]}
    elif column.other is not None:
        made = {"type": ["string", "null"]}
    else:
        made = {"enum": [*column.words, None]}
    made |= {"description": column.unit} if column.unit else {}
    return made


def _usual(column: Column) -> Any:
    if column.kind == DATE:
        return "2020-01-01"
    if not column.is_number:
        return column.words[0]
    if column.low is not None:
        return int(column.low) if column.kind == COUNT else column.low
    return max(1, round(column.center + column.origin))


def _middle(low: float, high: float, tensor: Tensor) -> float | int:
    if tensor.dtype.startswith("int"):
        return 0
    return min(max(0.0, low), high)


def _plain_value(model: Model, tensor: Tensor) -> float | int:
    """What every number of an input may be at once."""
    if tensor.name == NUMBERS or (tensor.name == "x" and model.schema.is_strokes):
        return 1
    low, high = model.schema.range if tensor.name == "x" else (0.0, 0.0)
    return _middle(low, high, tensor)


def _filled(shape: list[int], value: Any) -> Any:
    for size in reversed(shape):
        value = [value] * size
    return value


def _product(shape: list[int]) -> int:
    made = 1
    for size in shape:
        made *= size
    return made


_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_ERROR: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _flags(flag: str, **more: Json) -> Json:
    return _object(**more, **{flag: {"type": "boolean"}})


def _get(summary: str, answer: Json, open_: bool = False, busy: bool = False) -> Json:
    operation = _operation(summary, answer, _GOT)
    if busy:
        operation["responses"]["503"] = {
            "description": "not now",
            "content": {"application/json": {"schema": answer}},
        }
    if open_:
        operation["security"] = []
    return {"get": operation}


def _post(summary: str, body: Json, answer: Json, shown: Json) -> Json:
    operation = _operation(summary, answer, _POSTED)
    content = {"application/json": {"schema": body, "example": shown}}
    operation["requestBody"] = {"required": True, "content": content}
    return {"post": operation}


def _operation(summary: str, answer: Json, errors: tuple[str, ...]) -> Json:
    responses: Json = {
        "200": {"description": "answered", "content": {"application/json": {"schema": answer}}}
    }
    for status in errors:
        responses[status] = {"description": _ERRORS[status], "content": _ERROR}
    return {"summary": summary, "responses": responses}


def _ask_for_tokens(paths: Json) -> None:
    for path in paths.values():
        for operation in path.values():
            if "security" not in operation:
                operation["responses"]["401"] = {
                    "description": _ERRORS["401"],
                    "content": _ERROR,
                }
