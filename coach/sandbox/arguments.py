"""Arguments for a tool that fit its schema, whatever the schema is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def fit(schema: Json, given: Json, *, said: str) -> dict[str, Any]:
    """The arguments of a call.

    Args:
        schema: The tool's parameters, an object schema.
        given: What the coach wants to say; whatever the schema does not have is left out.
        said: What the person said: texts and numbers nobody gave are taken from it.
    """
    arguments = _Fitter(schema.get("$defs", {}), said).value(schema, dict(given))
    return arguments if isinstance(arguments, dict) else {}


class _Fitter:
    def __init__(self, defs: Json, said: str) -> None:
        self._defs, self._said = defs, said

    def value(self, schema: Json, given: Any = None) -> Any:
        """``given`` if it is there, else null if that is allowed, else something of the right type."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return self._any(schema["anyOf"], given)
        if "enum" in schema or "const" in schema:
            allowed = schema.get("enum", [schema.get("const")])
            return given if given in allowed else self._said_one(allowed)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            return self._any([{**schema, "type": one} for one in kind], given)
        return self._typed(kind, schema, given)

    def _typed(self, kind: str, schema: Json, given: Any) -> Any:
        match kind:
            case "object":
                inner = given if isinstance(given, Mapping) else {}
                return {
                    name: self.value(s, inner.get(name)) for name, s in schema.get("properties", {}).items()
                }
            case "array":
                items = list(given) if isinstance(given, list) else []
                items += [None] * (int(schema.get("minItems", 0)) - len(items))
                return [self.value(schema.get("items", {}), item) for item in items]
            case "integer" | "number":
                return self._number(kind, schema, given)
            case "boolean":
                return given if isinstance(given, bool) else True
            case "null":
                return None
        return given if isinstance(given, str) else self._said or "…"

    def _any(self, arms: list[Json], given: Any) -> Any:
        nullable = any(self._resolved(arm).get("type") == "null" for arm in arms)
        if given is None and nullable:
            return None
        rest = [arm for arm in arms if self._resolved(arm).get("type") != "null"]
        return self.value(rest[0], given) if rest else None

    def _number(self, kind: str, schema: Json, given: Any) -> int | float:
        said = re.search(r"-?\d{1,9}(?:\.\d{1,3})?", self._said)
        value = given if isinstance(given, int | float) else float(said[0]) if said else 1
        low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf) + 1)
        high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf) - 1)
        bounded: float = min(high, max(low, float(value)))
        return round(bounded) if kind == "integer" else bounded

    def _said_one(self, allowed: list[Any]) -> Any:
        """The one the person mentioned, or the first."""
        return next((one for one in allowed if str(one).lower() in self._said.lower()), allowed[0])

    def _resolved(self, schema: Json) -> Json:
        found: Json = schema
        while "$ref" in found:
            found = self._defs[str(found["$ref"]).rpartition("/")[2]]
        return found
