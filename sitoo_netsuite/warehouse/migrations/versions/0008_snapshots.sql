create table model.store_stock_snapshots (         -- positions on which the systems differ, or of which something moves
    day           date   not null,
    store         text   not null,
    warehouseid   bigint not null,
    sku           text   not null,
    item          bigint not null,
    netsuite_milli bigint not null,                -- on hand
    sitoo_milli   bigint not null,                 -- total
    reserved_milli bigint not null,                -- of it, promised at the tills
    to_netsuite_milli bigint not null,             -- moved in Sitoo, and not in NetSuite yet
    to_sitoo_milli bigint not null,                -- moved in NetSuite, and not in Sitoo yet
    named_milli   bigint not null,                 -- what NetSuite has too much by documents that a case names
    variance_milli bigint not null,                -- what Sitoo has more than all this explains
    unit_cost     numeric,                         -- NetSuite's average, of one unit
    value_minor   bigint not null,                 -- of the variance
    currency      text   not null,
    primary key (day, warehouseid, sku)
) partition by range (day);

create table model.store_stock_totals (            -- a warehouse's whole stock on that day
    day           date   not null,
    store         text   not null,
    warehouseid   bigint not null,
    positions     bigint not null,
    agreed        bigint not null,                 -- that both systems have alike, with nothing on its way
    netsuite_milli bigint not null,
    value_minor   bigint not null,                 -- at NetSuite's average cost
    currency      text   not null,
    taken_at      timestamptz not null,
    primary key (day, warehouseid)
);
