create table posting.stock_approvals (             -- Sitoo's movements that a person let through to NetSuite
    warehousetransactionid bigint primary key,
    approved_by   text   not null,
    approved_at   timestamptz not null
);

create table landing.shipments (                   -- of which goods have moved, as last read
    shipmentid    bigint primary key,
    state         integer not null,                -- 0 new, 10 in transit, 20 received, 100 cancelled
    sender_warehouseid bigint,                     -- null: a supplier's
    receiver_warehouseid bigint,
    external_id   text,
    landed_at     timestamptz not null
);

-- An event is a reason to look, and what is looked at is read from Sitoo itself: nobody takes an event.
alter table landing.events drop column taken_by;
