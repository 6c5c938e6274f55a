"""NetSuite's error answers: one exception, and the envelope it becomes (reference 4.2).

Belongs here: codes and texts that more than one module raises. Does not belong here: deciding when to raise them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"

_PREFIX = "Error while accessing a resource. "
_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > "
    "User Management > View Login Audit Trail."
)


@dataclass(slots=True)
class ApiError(Exception):
    """An answer other than 2xx. At fault: the field at `path`, the query parameter `parameter`, the `header`.

    shown_as: the status whose title and type the body shows, where that is not the answer's.
    """

    status: int
    code: str
    detail: str
    path: str | None = None
    parameter: str | None = None
    header: str | None = None
    shown_as: HTTPStatus | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)

    def envelope(self) -> dict[str, Any]:
        """The body NetSuite answers with."""
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return _CONCURRENCY_BODY
        shown = self.shown_as or HTTPStatus(self.status)
        family, number = divmod(shown, 100)
        detail = {"detail": self.detail, "o:errorCode": self.code}
        for name, value in (
            ("o:errorPath", self.path),
            ("o:errorQueryParam", self.parameter),
            ("o:errorHeader", self.header),
        ):
            if value is not None:
                detail[name] = value
        return {
            "type": f"{_RFC}#sec10.{family}.{number + 1}",
            "title": shown.phrase,
            "status": self.status,
            "o:errorDetails": [detail],
        }


# As Oracle prints it, "Bad Request" included, with the comma its page lacks (reference 3.1).
_CONCURRENCY_BODY = {
    "type": _RFC,
    "title": "Bad Request",
    "status": 429,
    "o:errorCode": "USER_ERROR",
    "o:errorDetails": [
        {
            "detail": "Concurrent request limit exceeded. Request blocked.",
            "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
        }
    ],
}


def user_error(detail: str) -> ApiError:
    """A business rule said no."""
    return ApiError(400, "USER_ERROR", _PREFIX + detail)


def missing_values(labels: list[str]) -> ApiError:
    return user_error(f"Please enter value(s) for: {', '.join(labels)}.")


def invalid_value(value: object, field_name: str, path: str) -> ApiError:
    """A value of the wrong kind, or a reference to nothing."""
    detail = (
        f"Error while accessing resource: You have entered an Invalid Field Value {value} "
        f"for the following field: {field_name}"
    )
    return ApiError(400, "INVALID_CONTENT", detail, path=path)


def invalid_content(detail: str, path: str | None = None) -> ApiError:
    return ApiError(400, "INVALID_CONTENT", detail, path=path)


def invalid_parameter(detail: str, parameter: str) -> ApiError:
    return ApiError(400, "INVALID_PARAMETER", detail, parameter=parameter)


def unknown_external_reference(external_id: str, path: str) -> ApiError:
    detail = f"The record instance for external ID '{external_id}' does not exist. Provide a valid record instance ID."
    return ApiError(400, "INVALID_CONTENT", detail, path=path)


def no_such_record() -> ApiError:
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return ApiError(404, "NONEXISTENT_ID", detail)


def no_such_type(name: str) -> ApiError:
    return ApiError(404, "NONEXISTENT_ID", f"Record type '{name}' does not exist.")


def not_allowed(detail: str) -> ApiError:
    return ApiError(405, "METHOD_NOT_ALLOWED", detail)


def invalid_login(account: str) -> ApiError:
    challenge = f'Bearer realm="{account}", error="invalid_token", error_description="Invalid login attempt."'
    return ApiError(401, "INVALID_LOGIN", _LOGIN, response_headers={"WWW-Authenticate": challenge})


def malformed_login(account: str) -> ApiError:
    challenge = f'Bearer realm="{account}", error="invalid_request", error_description="Invalid login attempt."'
    detail = "The request could not be understood by the server due to malformed syntax."
    return ApiError(400, "INVALID_REQUEST", detail, response_headers={"WWW-Authenticate": challenge})


def too_many_requests(retry_after_seconds: int | None) -> ApiError:
    headers = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
    return ApiError(429, "CONCURRENCY_LIMIT_EXCEEDED", "", response_headers=headers)


def unexpected(status: int) -> ApiError:
    """A fault of the server itself, as armed faults answer it."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return too_many_requests(None)
    return ApiError(status, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: sandbox")
