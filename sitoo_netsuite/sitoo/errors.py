"""What can go wrong when we talk to Sitoo, as types that tell *waiting* from *broken*.

`waiting` is true where the next run may succeed with nothing changed; false where a person has to mend something.
Texts are for people and hold the path asked for, never the credentials and never a record's content.
"""

from __future__ import annotations


class SitooError(Exception):
    """Base of everything the Sitoo client raises."""

    waiting = False


class SitooUnavailable(SitooError):
    """No usable answer after the last retry: connection trouble, status 5xx, or `Too many connections`.

    Nothing was done: of a request that writes, it means that Sitoo turned it away unread or was not reached at all.
    `status` is None when there was no answer at all; `asked_wait` is the wait in seconds that Sitoo asked for, if it
    did. Cures itself unless it lasts.
    """

    waiting = True

    def __init__(self, request: str, what: str, *, status: int | None = None, asked_wait: float | None = None) -> None:
        super().__init__(f"Sitoo could not answer {request}: {what}. The next run asks again; act only if it lasts.")
        self.status = status
        self.asked_wait = asked_wait


class SitooUnclear(SitooError):
    """A write was sent and its outcome is not known: it may have been done. Look before anything is sent again.

    The client never sends it again by itself: Sitoo knows no idempotency key (reference 1.8).
    """

    waiting = True

    def __init__(self, request: str, what: str) -> None:
        super().__init__(
            f"Sitoo's answer to {request} is not clear: {what}. It is not known whether it was done; the next run "
            "looks before it asks again."
        )


class SitooCredentialsRefused(SitooError):
    """Status 401 or 403: the API id or password is wrong, lacks a right, or this address is not allow-listed."""

    def __init__(self, request: str, api_id: str, status: int, text: str) -> None:
        super().__init__(
            f"Sitoo refused API id {api_id} at {request} ({status}: {text}). Check the id and password under "
            "Backoffice > Settings > Sitoo REST API, and that this machine's address is allowed there."
        )
        self.status = status


class SitooRefused(SitooError):
    """Any other 4xx: Sitoo understood and said no. Asking again changes nothing."""

    def __init__(self, request: str, status: int, text: str) -> None:
        super().__init__(f"Sitoo refused {request} ({status}: {text}). Asking again will not help.")
        self.status = status
        self.text = text


class SitooUnreadable(SitooError):
    """An answer that is not what the API promises: not JSON, another shape, or pages that do not move on."""

    def __init__(self, request: str, what: str) -> None:
        super().__init__(
            f"Sitoo's answer to {request} cannot be used: {what}. If it lasts, Sitoo has changed or something between "
            "us and Sitoo alters its answers."
        )


class SitooReadOnly(SitooError):
    """A request that writes, stopped by read-only mode before it was sent."""

    def __init__(self, request: str) -> None:
        super().__init__(f"{request} would write to Sitoo, and the client is read-only: nothing was sent.")
