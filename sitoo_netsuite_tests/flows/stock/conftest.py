"""One retailer for all tests of a module, brought to rest before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite_tests.conftest import new_database
from sitoo_netsuite_tests.flows.stock.served_stock import ServedStock, served_stock


@pytest.fixture(scope="module")
def retailer(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedStock]:
    folder = tmp_path_factory.mktemp("stock")
    with new_database(server_url) as url, connect(url) as connection, served_stock(folder, connection) as served:
        yield served


@pytest.fixture
def stock(retailer: ServedStock) -> ServedStock:
    retailer.begin()
    return retailer
