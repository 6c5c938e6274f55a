"""The endpoints of a site's users.

Belongs here: which method does what, and what it answers. Does not belong here: the rules (`users`).
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import (
    Parameters,
    SitooError,
    json_response,
    one,
    paged,
    raw_response,
    site_asked_for,
)
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.users import USER_DEFAULT_FIELDS, USER_FILTERS, Users


def user_routes(site: str, users: Users, settings: SitooSettings) -> list[Route]:
    """The routes below a site's path."""
    asked = _UserEndpoints(users, settings)
    path, of_one = f"{site}/users", f"{site}/users/{{userid}}"
    return [
        Route(path, asked.users, methods=["GET"]),
        Route(path, bodies.written(asked.add), methods=["POST"]),
        Route(path, bodies.written(asked.change_each), methods=["PUT"]),
        Route(of_one, asked.user, methods=["GET"]),
        Route(of_one, bodies.written(asked.change), methods=["PUT"]),
    ]


class _UserEndpoints:
    """Each takes a request and returns an answer, or raises SitooError."""

    def __init__(self, users: Users, settings: SitooSettings) -> None:
        self._users = users
        self._settings = settings

    def users(self, request: Request) -> Response:
        parameters = Parameters(request, self._settings)
        start, num = parameters.page()
        where = {name: value for name in USER_FILTERS if (value := parameters.text(name)) is not None}
        eshopid = site_asked_for(request, self._users.eshopids)
        total, records = 0, list[Record]()
        if eshopid is not None:
            total, records = self._users.find(eshopid, where, parameters.texts("userid"), start, num)
        return raw_response(paged(parameters, total, records, USER_DEFAULT_FIELDS))

    def user(self, request: Request) -> Response:
        found = self._users.get(self._eshopid(request), request.path_params["userid"])
        return raw_response(one(Parameters(request, self._settings), found))

    def add(self, request: Request, body: Any) -> Response:
        eshopid = self._eshopid(request)
        return bodies.answered(body, lambda each: self._users.add(eshopid, each), self._settings)

    def change_each(self, request: Request, body: Any) -> Response:
        eshopid = self._eshopid(request)
        return bodies.answered(body, lambda each: self._changed(eshopid, _userid(each), each), self._settings)

    def change(self, request: Request, body: Any) -> Response:
        return json_response(self._changed(self._eshopid(request), request.path_params["userid"], body))

    def _changed(self, eshopid: int, userid: str, body: Any) -> bool:
        self._users.change(eshopid, userid, body)
        return True

    def _eshopid(self, request: Request) -> int:
        eshopid = site_asked_for(request, self._users.eshopids)
        if eshopid is None:
            raise SitooError(404)
        return eshopid


def _userid(body: object) -> str:
    """The user that an object of an array is about."""
    userid: str = bodies.read(body, {"userid": bodies.text}, required=("userid",))["userid"]
    return userid
