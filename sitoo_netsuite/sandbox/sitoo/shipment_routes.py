"""The endpoints of an account's shipments (version 2 of the API).

Belongs here: which method does what, and what it answers. Does not belong here: the rules (`shipments`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import (
    Parameters,
    invalid_value,
    json_response,
    listed,
    number_in_path,
    one,
    raw_response,
)
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.shipments import ShipmentFilter, Shipments

# The values of the filter `archived`: all, those that are not (the default), those that are.
_ARCHIVED = {10: None, 20: False, 30: True}


def shipment_routes(root: str, shipments: Shipments, settings: SitooSettings) -> list[Route]:
    """The routes below the account's path."""
    path, of_one = f"{root}/shipments", f"{root}/shipments/{{id}}"

    def found(request: Request) -> Response:
        parameters = Parameters(request, settings)
        archived = parameters.number("archived") or 20
        if archived not in _ARCHIVED:
            raise invalid_value("archived")

        def ids(name: str) -> Collection[int] | None:
            numbers = parameters.numbers(name)
            return None if numbers is None else frozenset(numbers)

        where = ShipmentFilter(
            shipmentid=ids("shipmentid"),
            any_warehouseid=ids("any_warehouseid"),
            sender_warehouseid=ids("sender_warehouseid"),
            receiver_warehouseid=ids("receiver_warehouseid"),
            archived=_ARCHIVED[archived],
        )
        return raw_response(listed(parameters, shipments.shipments(where), None))

    def shown(request: Request) -> Response:
        shipment = shipments.shipment(number_in_path(request, "id"))
        return raw_response(one(Parameters(request, settings), shipment))

    def add(request: Request, body: Any) -> Response:
        return json_response(shipments.add(body))

    def change(request: Request, body: Any) -> Response:
        return json_response(shipments.change(number_in_path(request, "id"), body))

    return [
        Route(path, found, methods=["GET"]),
        Route(path, bodies.written(add), methods=["POST"]),
        Route(of_one, shown, methods=["GET"]),
        Route(of_one, bodies.written(change), methods=["PUT"]),
    ]
