"""The errors of OpenAI's API: one envelope with four keys, always all four.

Codes and messages are those reported of the real service (the reports are named beside each); where no report
was found the row says so, so that it can be put right in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

REQUEST = "invalid_request_error"
PICTURE = "image_generation_user_error"


class ApiError(Exception):
    """A refusal, as it goes over the wire."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None,
        param: str | None = None,
        status: int = 400,
        type: str = REQUEST,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.body = {
            "error": {"message": message, "type": type, "param": param, "code": code, **(more or {})}
        }


def no_key() -> ApiError:
    """No Authorization header."""
    message = "You didn't provide an API key. Send it in an Authorization header, as Bearer auth."
    return ApiError(message, code=None, status=401)


def bad_key(key: str) -> ApiError:
    """A key that is not valid; only its end is repeated. (continuedev/continue #10398)"""
    return ApiError(f"Incorrect API key provided: ***{key[-4:]}.", code="invalid_api_key", status=401)


def not_json() -> ApiError:
    """The body is not a JSON object."""
    return ApiError("We could not parse the JSON body of your request.", code=None)


def not_form() -> ApiError:
    """A multipart body that cannot be read."""
    return ApiError("We could not parse the multipart form of your request.", code=None)


def no_route(method: str, path: str, status: int) -> ApiError:
    """An address or a method there is nothing for."""
    if status == 405:
        return ApiError(f"Not allowed to {method} on {path}.", code="method_not_supported", status=status)
    return ApiError(f"Invalid URL ({method} {path})", code=None, status=status)


def broken() -> ApiError:
    """Our own fault."""
    message = "The server had an error while processing your request. Sorry about that!"
    return ApiError(message, code=None, status=500, type="server_error")


def no_fault(asked: str, known: str) -> ApiError:
    """A header that asks for a fault there is not. The sandbox's own, like the next one."""
    message = f"The sandbox has no fault '{asked[:80]}'. {known}"
    return ApiError(message, code="sandbox_fault", param="x-sandbox-fault")


def fault_out_of_place(name: str, needs: str) -> ApiError:
    """A fault of something the answer does not have."""
    message = f"The fault '{name}' needs {needs}, which this request does not get."
    return ApiError(message, code="sandbox_fault", param="x-sandbox-fault")


def bad_content_type(given: str, *accepted: str) -> ApiError:
    """A body in another encoding than the route reads."""
    ways = " or ".join(f"'{one}'" for one in accepted)
    message = f"Unsupported content type: '{given}'. This API method only accepts {ways} requests."
    return ApiError(message, code="unsupported_content_type")


def missing(param: str) -> ApiError:
    """A required parameter is not there."""
    return ApiError(f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)


def unknown(param: str) -> ApiError:
    """A parameter the route does not have. (vercel/ai #6102)"""
    return ApiError(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)


def wrong_type(param: str, expected: str) -> ApiError:
    """A value of another type."""
    return ApiError(f"Invalid type for '{param}': expected {expected}.", code="invalid_type", param=param)


def out_of_range(param: str, value: int, low: int, high: int) -> ApiError:
    """An integer beyond its bounds. (thisisartium/continuous-alignment-testing #25)"""
    bound, words, code = high, "above maximum value. Expected a value <=", "integer_above_max_value"
    if value < low:
        bound, words, code = low, "below minimum value. Expected a value >=", "integer_below_min_value"
    message = f"Invalid '{param}': integer {words} {bound}, but got {value} instead."
    return ApiError(message, code=code, param=param)


def too_long(param: str, length: int, most: int) -> ApiError:
    """A string beyond its maximum length."""
    message = (
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {length} instead."
    )
    return ApiError(message, code="string_above_max_length", param=param)


def empty(param: str) -> ApiError:
    """An empty string where there must be words."""
    message = f"Invalid '{param}': empty string. Expected a string with minimum length 1."
    return ApiError(message, code="empty_string", param=param)


def not_one_of(param: str, value: object, allowed: Sequence[str]) -> ApiError:
    """A value that is not in its list. (pollinations/pollinations #5037)"""
    named = [f"'{one}'" for one in allowed]
    several = f"{', '.join(named[:-1])}, and {named[-1]}" if len(named) > 1 else "".join(named)
    message = f"Invalid value: '{str(value)[:40]}'. Supported values are: {several}."
    return ApiError(message, code="invalid_value", param=param)


def invalid(param: str, message: str) -> ApiError:
    """A value that breaks a rule of its own: sizes are reported like this (jezweb/claude-skills #91);
    for the number of images, the mask and the combinations no report was found."""
    return ApiError(message, code="invalid_value", param=param)


def too_large(param: str, most: int) -> ApiError:
    """A file beyond its size."""
    return invalid(param, f"'{param}' must be smaller than {most // 1024 // 1024} MB.")


def no_model(model: str) -> ApiError:
    """A model that never was, or is no longer."""
    message = f"The model '{model[:80]}' does not exist or you do not have access to it."
    return ApiError(message, code="model_not_found", status=404)


def no_response(id: str) -> ApiError:
    """A response that never was, or is kept no longer; no report of the code was found."""
    return ApiError(f"Response with id '{id[:80]}' not found.", code=None, status=404)


def no_fidelity(model: str, value: object) -> ApiError:
    """A model that does not take the parameter, or not this value. (vulca #12, pydantic/pydantic-ai #5413)"""
    of = f" value '{str(value)[:20]}' of" if value is not None else ""
    message = f"The model '{model}' does not support the{of} 'input_fidelity' parameter."
    return ApiError(message, code="invalid_input_fidelity_model", param="input_fidelity", type=PICTURE)


def bad_mime(param: str, given: str | None) -> ApiError:
    """A file part of another type, or of none. (openai/openai-node #1468, sashabaranov/go-openai #1012)"""
    kind, code = (f"unsupported mimetype ('{given}')", "unsupported_file_mimetype")
    if not given:
        kind, code = "missing mimetype", "missing_file_mimetype"
    accepted = "'image/jpeg', 'image/png', and 'image/webp'"
    message = f"Invalid file '{param}': {kind}. Supported file formats are {accepted}."
    return ApiError(message, code=code, param=param)


def bad_image(param: str, number: int) -> ApiError:
    """Bytes that are not a picture; images are counted from 1 in the message."""
    message = f"Invalid image file or mode for image {number}, please check your image file."
    return ApiError(message, code="invalid_image_file", param=param)


def blocked(request_id: str, stage: str) -> ApiError:
    """The safety system said no. (jeffstric/ZJT #480; ``moderation_details``: OpenAI image guide)"""
    message = (
        "Your request was rejected by the safety system. If you believe this is an error, contact support "
        f"and include the request ID {request_id}. safety_violations=[violence]."
    )
    details = {"moderation_details": {"moderation_stage": stage, "categories": ["violence"]}}
    return ApiError(message, code="moderation_blocked", param="", type=PICTURE, more=details)
