-- Stock. Quantities are thousandths of a unit, signed: what came is positive, what went negative.

-- ---------------------------------------------------------------- where goods are, on receipts
alter table model.receipts add column warehouseid bigint;            -- null: modelled before stock was kept, or not said
alter table model.receipt_lines add column warehouseid bigint;       -- where a returned row went, if not the receipt's

create table model.handovers (                     -- rows of "to be delivered later" orders, delivery by delivery
    trading_day   date    not null,                -- of the delivery
    orderid       bigint  not null,
    line          integer not null,
    orderdeliveryid bigint not null,
    store         text    not null,
    currency      text    not null,
    warehouseid   bigint,                          -- it was sent from; null: not said
    sku           text    not null,
    quantity_milli bigint not null,
    primary key (trading_day, orderid, line, orderdeliveryid)
) partition by range (trading_day);

create table model.till_movements (                -- what the tills moved, added up
    trading_day   date    not null,                -- of the receipt; of the delivery, for what is delivered later
    store         text    not null,
    currency      text    not null,
    warehouseid   bigint  not null,
    sku           text    not null,
    kind          text    not null,                -- 'sale', 'return'
    quantity_milli bigint not null,
    receipts      integer not null,
    primary key (trading_day, store, currency, warehouseid, sku, kind)
) partition by range (trading_day);

-- ---------------------------------------------------------------- landing: NetSuite
alter table landing.items
    add column tracked_by text;                    -- 'lot', 'serial', 'bin': an adjustment must say which; null: none

create table landing.kit_members (
    kit           bigint not null,                 -- internal id
    item          bigint not null,
    quantity_milli bigint not null,                -- in one kit
    primary key (kit, item)
);

create table landing.stock_movements (             -- lines of NetSuite's transactions that moved stock at our locations
    transaction   bigint not null,                 -- internal id
    line          bigint not null,
    tran_date     date   not null,
    type          text   not null,                 -- NetSuite's code: 'InvAdjst', 'ItemRcpt', ...
    number        text   not null,                 -- as NetSuite shows it
    external_id   text,
    item          bigint not null,
    location      bigint not null,
    quantity_milli bigint not null,
    modified_at   timestamptz not null,
    landed_at     timestamptz not null,
    primary key (transaction, line)
);
create index stock_movements_landed on landing.stock_movements (landed_at);

create table landing.touched_movements (           -- NetSuite's transactions of which something is to be pushed, maybe
    transaction   bigint primary key,              -- internal id
    touched_at    timestamptz not null,
    taken_by      text                             -- the run that is at it; null again when touched anew
);

create table landing.netsuite_levels (             -- as last read
    location      bigint not null,
    item          bigint not null,
    on_hand_milli bigint not null,
    available_milli bigint not null,               -- on hand less what NetSuite has promised to somebody
    average_cost  numeric,                         -- of one unit, in the subsidiary's currency
    primary key (location, item)
);

-- ---------------------------------------------------------------- landing: Sitoo
create table landing.warehouses (
    warehouseid   bigint primary key,
    eshopid       integer not null,
    storeid       bigint,
    warehouse_type integer not null,               -- 10 FIFO, 20 virtual
    name          text    not null,
    landed_at     timestamptz not null
);

create table landing.warehouse_transactions (
    created_day   date   not null,                 -- UTC date of datecreated
    warehousetransactionid bigint not null,
    eshopid       integer not null,
    warehouseid   bigint not null,
    created_at    timestamptz not null,
    transaction_type integer not null,             -- 10 in, 20 out, 30 sale, 40 refund, 50 stocktaking, ...
    external_id   text,
    reason_code   text,
    description   text   not null,
    shipmentid    bigint,
    orderdeliveryid bigint,
    landed_at     timestamptz not null,
    primary key (created_day, warehousetransactionid)
) partition by range (created_day);
create index warehouse_transactions_id on landing.warehouse_transactions (warehousetransactionid);
create index warehouse_transactions_external on landing.warehouse_transactions (external_id);

create table landing.warehouse_transaction_items (
    created_day   date   not null,                 -- of the transaction
    warehousetransactionid bigint not null,
    line          integer not null,                -- place in Sitoo's list
    sku           text   not null,
    quantity_milli bigint not null,
    primary key (created_day, warehousetransactionid, line)
) partition by range (created_day);

create table landing.sitoo_levels (                -- as last read
    warehouseid   bigint not null,
    sku           text   not null,
    total_milli   bigint not null,
    reserved_milli bigint not null,
    primary key (warehouseid, sku)
);

create table landing.events (                      -- Sitoo's notifications, as they came
    id            bigint generated always as identity primary key,
    event_id      text   not null unique,          -- a notification that comes again is the same
    event_type    text   not null,
    happened_at   timestamptz not null,            -- event_date
    received_at   timestamptz not null,
    payload       json   not null,
    taken_by      text                             -- the run that acts on it
);
create index events_waiting on landing.events (id) where taken_by is null;

-- ---------------------------------------------------------------- posting: to NetSuite
create table posting.outbox_quantities (           -- what an adjustment or transfer of the outbox moves
    external_id   text   not null references posting.outbox,
    location      text   not null,                 -- internal id
    account       text   not null,                 -- number of the offset account; '' where there is none
    item          text   not null,                 -- internal id
    sku           text   not null,                 -- as the till has it: of a kit's member, the kit's
    kind          text   not null,                 -- 'sale', 'return', 'stocktake', ...
    quantity_milli bigint not null,
    primary key (external_id, location, account, item, sku, kind)
);

create table posting.quantities_read_back (        -- what NetSuite said such a document holds, the last time we asked
    external_id   text   not null,
    line          integer not null,
    location      text,
    item          text,
    quantity_milli bigint not null,
    value_minor   bigint not null,                 -- cost, as NetSuite reckoned it; with the quantity's sign
    memo          text,
    read_at       timestamptz not null,
    primary key (external_id, line)
);

-- ---------------------------------------------------------------- posting: to Sitoo
create table posting.stock_pushes (                -- a warehouse transaction each, committed before its request
    external_id   text   primary key,              -- NS-<transaction>-<warehouseid>-<n>
    eshopid       integer not null,
    warehouseid   bigint not null,
    transaction   bigint not null,                 -- NetSuite's internal id
    number        integer not null,
    store         text   not null,
    tran_date     date   not null,                 -- of NetSuite's document
    description   text   not null,                 -- as Sitoo shows it
    state         text   not null check (state in ('in_doubt', 'done', 'refused')),
    attempts      integer not null default 0,
    warehousetransactionid bigint,
    error         text,
    planned_at    timestamptz not null,
    sent_at       timestamptz,
    settled_at    timestamptz,
    unique (transaction, warehouseid, number)
);
create index stock_pushes_open on posting.stock_pushes (state) where state = 'in_doubt';
create index stock_pushes_settled on posting.stock_pushes (settled_at);

create table posting.stock_push_items (
    external_id   text   not null references posting.stock_pushes,
    sku           text   not null,
    item          bigint not null,
    quantity_milli bigint not null,
    primary key (external_id, sku)
);
