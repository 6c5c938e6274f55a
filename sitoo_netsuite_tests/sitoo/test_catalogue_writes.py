"""Writing the catalogue to a real Sitoo sandbox: batches with an answer each, variants whole, and unclear answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient
from sitoo_netsuite.sitoo.errors import (
    SitooCredentialsRefused,
    SitooError,
    SitooReadOnly,
    SitooRefused,
    SitooUnavailable,
    SitooUnclear,
)
from sitoo_netsuite.sitoo.models import BatchAnswer, Product, ProductVariants, Rejection, User, read_product, read_user
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import Served
from sitoo_netsuite_tests.sitoo.conftest import ClientFor

PRODUCTS = "/v2/accounts/1500/sites/1/products"
SECRET = "tills open at nine"
NEW = {"sku": "NEW-1", "title": "New", "vatid": 2, "moneyprice": "10.00", "active": True, "activepos": True}


@contextmanager
def answering(status: int, body: bytes, *, after_seconds: float = 0.0, timeout: float = 5.0) -> Iterator[SitooClient]:
    """A client of a server that gives every request the same answer."""

    async def answer(request: Request) -> Response:
        await asyncio.sleep(after_seconds)
        return Response(body, status)

    routes = [Route("/{path:path}", answer, methods=["GET", "POST", "PUT"])]
    retries = Retries(attempts=2, first_wait=0.01)
    with (
        serving(Starlette(routes=routes)) as url,
        SitooClient(url, [ApiKey("1500-140", SECRET)], retries=retries, timeout=timeout) as client,
    ):
        yield client


def products_of(client: SitooClient, *skus: str) -> list[Product]:
    records = [read_product(raw, 1, "SEK") for page in client.product_pages(1, skus=skus) for raw in page]
    return [record for record in records if isinstance(record, Product)]


def test_each_product_of_a_batch_has_its_own_answer(sitoo: Served, client: SitooClient) -> None:
    made, refused = client.create_products(1, [NEW, {**NEW, "sku": "NO GOOD SKU"}])
    assert (made.done, made.refused, refused.done, refused.refused) == (True, False, False, True)
    assert refused.error
    (product,) = products_of(client, "NEW-1")
    assert (product.productid, product.title, product.moneyprice) == (made.value, "New", "10.00")
    changed, lacking = client.update_products(
        1, [{"productid": made.value, "moneyprice": "12.50"}, {"productid": 999_999, "title": "Nothing"}]
    )
    assert (changed.done, lacking.refused, lacking.status) == (True, True, 404)
    (product,) = products_of(client, "NEW-1")
    assert (product.title, product.moneyprice) == ("New", "12.50")


def test_an_empty_batch_is_not_sent(sitoo: Served, client: SitooClient) -> None:
    assert client.create_products(1, []) == client.set_price_list_items(1, 1, []) == []
    assert sitoo.stats()["writes"] == 0


def test_the_price_of_the_default_list_is_the_product_s(sitoo: Served, client: SitooClient) -> None:
    sku = sitoo.world.products[0].sku
    (answer,) = client.set_price_list_items(1, 1, [{"sku": sku, "moneyprice": "1.25"}])
    assert (answer.done, answer.value) == (True, True)
    assert [product.moneyprice for product in products_of(client, sku)] == ["1.25"]
    assert [entry.pricelistid for entry in client.price_lists(1)] == [1]


def test_a_variant_group_is_read_and_written_whole(sitoo: Served, client: SitooClient) -> None:
    child = next(product for product in sitoo.world.products if product.parent is not None)
    main = min(product.productid for product in sitoo.world.products if product.parent == child.parent)
    group = client.product_variants(1, main)
    new = {**group.variants[0], "productid": 0, "sku": "NEW-VARIANT", "barcode": ""}
    new["attributes"] = [*new["attributes"][:-1], "XXL"]
    *others, last = group.groups
    only_written = {"active": True, "deliverystatus": "", "moneyofferprice": "0.00", "friendly": ""}
    variants = [{**only_written, **variant, "barcode": variant["barcode"] or ""} for variant in (*group.variants, new)]
    wider = {**last, "options": [*last["options"], "XXL"]}
    client.put_variants(1, main, ProductVariants([*others, wider], variants))
    (product,) = products_of(client, "NEW-VARIANT")
    assert product.variantparentid == main
    assert product.variant is not None
    assert product.variant[-1].value == "XXL"
    with pytest.raises(SitooRefused):
        client.put_variants(1, main, ProductVariants(group.groups, [{"productid": main}]))


def test_skus_are_asked_for_in_lines_that_servers_take(sitoo: Served, client: SitooClient) -> None:
    skus = [product.sku for product in sitoo.world.products if 1 in product.group][:120]
    asked = sitoo.stats()["requests"]
    assert {product.sku for product in products_of(client, *skus, "never, SEEN")} == set(skus)
    assert sitoo.stats()["requests"] - asked == 2
    assert products_of(client, *("X" * 250 + str(number) for number in range(20))) == []
    assert sitoo.stats()["requests"] - asked == 4


def test_a_write_that_may_have_been_done_is_unclear_and_never_repeated(sitoo: Served, client: SitooClient) -> None:
    sitoo.fault(path=PRODUCTS, status=502, requests=1, after=True)
    with pytest.raises(SitooUnclear):
        client.create_products(1, [NEW])
    assert len(products_of(client, "NEW-1")) == 1
    assert sitoo.stats()["writes"] == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>", SitooUnclear),
        (200, b"[]", SitooUnclear),
        (200, b'[{"return":1}]', SitooUnclear),
        (302, b"", SitooUnclear),
        (413, b"<html>Payload Too Large</html>", SitooUnclear),
        (500, b'{"statuscode":500,"errortext":"Internal Server Error"}', SitooUnclear),
        (400, b'{"statuscode":400,"errortext":"Invalid value"}', SitooRefused),
        (401, b"", SitooCredentialsRefused),
        (429, b'{"statuscode":429,"errortext":"Too many connections"}', SitooUnavailable),
    ],
)
def test_only_sitoo_itself_can_say_that_nothing_was_done(status: int, body: bytes, kind: type[SitooError]) -> None:
    with answering(status, body) as client, pytest.raises(kind) as raised:
        client.update_products(1, [{"productid": 1, "title": "New"}])
    assert type(raised.value) is kind


def test_a_write_that_never_arrived_is_waiting() -> None:
    retries = Retries(attempts=2, first_wait=0.01)
    with (
        SitooClient("http://127.0.0.1:9/v2/accounts/1500", [ApiKey("1500-140", SECRET)], retries=retries) as client,
        pytest.raises(SitooUnavailable),
    ):
        client.create_products(1, [NEW])


def test_a_write_without_an_answer_in_time_is_unclear() -> None:
    with answering(200, b"[]", after_seconds=1, timeout=0.2) as client, pytest.raises(SitooUnclear) as raised:
        client.create_products(1, [NEW])
    assert SECRET not in str(raised.value)


def test_read_only_mode_writes_no_product(sitoo: Served, client_for: ClientFor) -> None:
    client = client_for(sitoo, read_only=True)
    for write in (
        lambda: client.create_products(1, [NEW]),
        lambda: client.update_products(1, [{"productid": 1}]),
        lambda: client.set_price_list_items(1, 1, [{"sku": "X", "moneyprice": "1.00"}]),
        lambda: client.put_variants(1, 1, ProductVariants([], [])),
    ):
        with pytest.raises(SitooReadOnly):
            write()
    assert sitoo.stats()["writes"] == 0


@pytest.mark.parametrize(
    ("status", "done", "refused"), [(200, True, False), (400, False, True), (429, False, False), (500, False, False)]
)
def test_an_answer_is_done_refused_or_to_be_looked_up(status: int, done: bool, refused: bool) -> None:
    answer = BatchAnswer(status)
    assert (answer.done, answer.refused) == (done, refused)


def test_users_come_by_page_by_id_and_by_address_and_show_nothing_in_their_repr(
    sitoo: Served, client: SitooClient
) -> None:
    users = [user for page in client.user_pages(1) for raw in page if isinstance(user := read_user(raw, 1), User)]
    customers = [user for user in users if user.role is None]
    assert customers
    assert len(customers) < len(users)
    (one,) = [raw for page in client.user_pages(1, userids=[customers[0].userid]) for raw in page]
    assert read_user(one, 1) == customers[0]
    assert [raw for page in client.user_pages(1, email=customers[0].email) for raw in page] == [one]
    assert (customers[0].email or "") not in repr(customers[0])


@pytest.mark.parametrize(
    "change",
    [{"moneyprice": "1.234"}, {"moneyprice": "x"}, {"productid": -1}, {"datemodified": 1}, {"title": "a\0b"}],
)
def test_a_product_that_no_table_takes_is_put_aside(change: dict[str, Any]) -> None:
    body = msgspec.json.encode({"productid": 7, "sku": "A", **change})
    record = read_product(msgspec.Raw(body), 1, "SEK")
    assert isinstance(record, Rejection)
    assert record.source == "products"
    assert record.record.startswith("1/")
