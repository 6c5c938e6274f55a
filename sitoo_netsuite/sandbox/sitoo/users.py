"""Sitoo's users, customers and staff alike, while they change.

Belongs here: what is written to a user, how one is shown, and who is there at the start. Does not belong here: HTTP,
who of them is a customer of NetSuite.

Source: reference section 4, Users. That two users of a site cannot have one address is said there, the text and status
of the refusal are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, invalid_value
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.world import World

USER_DEFAULT_FIELDS = ("userid", "email", "namefirst", "namelast", "company", "datecreated", "datemodified")
# Filters of a list besides `userid`.
USER_FILTERS = ("email", "customernumber", "personalid", "mobile")
# Plain customers have none; the numbers of the others are unknown.
_STAFF_ROLE = 10

_TEXTS = (
    "email", "namefirst", "namelast", "personalid", "externalid", "company", "department", "companyid", "address",
    "address2", "zip", "city", "state", "countryid", "phone", "mobile", "notes", "customernumber",
)  # fmt: skip
_SHAPE: bodies.Shape = {
    **dict.fromkeys(_TEXTS, bodies.text),
    "voucherpasswords": bodies.texts,
    "pricelistid": bodies.whole_or_null,
    "role": bodies.whole_or_null,
    "warehouses": bodies.wholes,
    "posrefundcard": bodies.flag,
    "pin": bodies.text,
}
_WRITE_ONLY = ("pin",)
_UNSET: Mapping[str, Any] = {
    **dict.fromkeys(_TEXTS, ""),
    "voucherpasswords": [],
    "pricelistid": None,
    "role": None,
    "warehouses": [],
    "posrefundcard": False,
}


@dataclass(slots=True)
class _User:
    """`fields`: those that were ever given."""

    userid: str
    created: int
    modified: int
    fields: dict[str, Any]

    def shown(self) -> Record:
        return {
            "userid": self.userid,
            **_UNSET,
            **self.fields,
            "datecreated": self.created,
            "datemodified": self.modified,
        }


class Users:
    """The users of all sites. Thread-safe. Everything raises SitooError for what Sitoo refuses."""

    def __init__(self, world: World, clock: SandboxClock) -> None:
        self._lock = RLock()
        self._now: Callable[[], int] = clock.epoch
        self._sites: dict[int, dict[str, _User]] = {site.eshopid: {} for site in world.sites}
        self._addresses: dict[int, dict[str, str]] = {site.eshopid: {} for site in world.sites}  # to userid
        self._next = 1
        self._open(world)

    @property
    def eshopids(self) -> Collection[int]:
        return self._sites.keys()

    def find(
        self, eshopid: int, where: Mapping[str, str], userids: list[str] | None, start: int, num: int
    ) -> tuple[int, list[Record]]:
        """How many users match, and one page of them, the oldest first. where: fields and their values.

        An address is looked for whatever its case (inferred), everything else as it is written.
        """
        with self._lock:
            users = self._sites[eshopid]
            found = list(users.values())
            if userids is not None:
                found = [users[userid] for userid in dict.fromkeys(userids) if userid in users]
            if "email" in where:
                holder = self._addresses[eshopid].get(where["email"].casefold())
                found = [user for user in found if user.userid == holder]
            for name in where.keys() - {"email"}:
                found = [user for user in found if user.fields.get(name, "") == where[name]]
            return len(found), [user.shown() for user in found[start : start + num]]

    def get(self, eshopid: int, userid: str) -> Record:
        """One user, every field. Raises the 404."""
        with self._lock:
            return self._user(eshopid, userid).shown()

    def user(self, eshopid: int, email: str) -> Record:
        """The user with an address, every field. Raises KeyError when there is none."""
        with self._lock:
            return self.get(eshopid, self._addresses[eshopid][email.casefold()])

    def add(self, eshopid: int, body: bodies.Body) -> str:
        """A new user: the userid."""
        values = bodies.read(body, _SHAPE, required=("email",))
        with self._lock:
            self._check_address(eshopid, values["email"], None)
            userid = f"{{00000000-0000-4000-A000-{self._next:012X}}}"
            self._next += 1
            self._sites[eshopid][userid] = _User(userid, self._now(), self._now(), _kept(values))
            self._addresses[eshopid][values["email"].casefold()] = userid
            return userid

    def change(self, eshopid: int, userid: str, body: bodies.Body) -> None:
        """Changes the fields that are named (reference 1.3)."""
        values = bodies.read(body, _SHAPE)
        with self._lock:
            user = self._user(eshopid, userid)
            if "email" in values:
                self._check_address(eshopid, values["email"], userid)
                self._addresses[eshopid].pop(user.fields["email"].casefold(), None)
                self._addresses[eshopid][values["email"].casefold()] = userid
            user.fields |= _kept(values)
            user.modified = self._now()

    def _user(self, eshopid: int, userid: str) -> _User:
        found = self._sites[eshopid].get(userid)
        if found is None:
            raise SitooError(404)
        return found

    def _check_address(self, eshopid: int, email: str, userid: str | None) -> None:
        if "@" not in email or self._addresses[eshopid].get(email.casefold(), userid) != userid:
            raise invalid_value("email")

    def _open(self, world: World) -> None:
        """The world's customers and staff, who were made when the trade's first day began."""
        zones = {site.eshopid: ZoneInfo(site.time_zone) for site in world.sites}
        made = {
            eshopid: int(datetime.combine(world.start, time(0), tzinfo=zone).astimezone(UTC).timestamp())
            for eshopid, zone in zones.items()
        }
        for shop in world.shops:
            for person in shop.staff:
                address = f"{person.externalid}@staff.example.com".lower()
                fields = {"email": address, "namefirst": person.name, "externalid": person.externalid}
                self._restore(shop.eshopid, person.userid, made, {**fields, "role": _STAFF_ROLE})
        for customer in world.customers:
            if customer.userid and customer.eshopid in made:
                fields = {
                    name: getattr(customer, name)
                    for name in ("email", "namefirst", "namelast", "company", "phone", "mobile")
                    if getattr(customer, name)
                }
                self._restore(customer.eshopid, customer.userid, made, fields)

    def _restore(self, eshopid: int, userid: str, made: Mapping[int, int], fields: dict[str, Any]) -> None:
        self._sites[eshopid][userid] = _User(userid, made[eshopid], made[eshopid], fields)
        self._addresses[eshopid].setdefault(fields["email"].casefold(), userid)


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _WRITE_ONLY}
