-- The tables of the main job. Growing tables are partitioned by month, with the day in their keys; partitions are made
-- by warehouse.partitions as days arrive. Money: bigint minor units beside an ISO currency. Instants: timestamptz.

create schema landing;      -- what the APIs said
create schema restricted;   -- personal fields and rejected bodies: nobody reads these by default
create schema model;        -- typed till records
create schema posting;      -- plan, outbox, read-back
create schema worklist;     -- cases

-- ---------------------------------------------------------------- landing
create table landing.orders (
    order_day     date        not null,            -- UTC date of orderdate: fixed by the record alone
    orderid       bigint      not null,
    sold_at       timestamptz not null,            -- orderdate
    registerid    text,                            -- null: not made at a till
    digest        bytea       not null,            -- SHA-256 of payload
    payload       json        not null,            -- as Sitoo sent it, without e-mail, names, company, phone
    unfinished    boolean     not null,            -- open, unpaid, or not all delivered: asked for again on every run
    landed_at     timestamptz not null,            -- when this content was first seen
    primary key (order_day, orderid)
) partition by range (order_day);
create index orders_unfinished on landing.orders (orderid) where unfinished;

create table landing.order_deliveries (
    order_day       date        not null,          -- of the order
    orderid         bigint      not null,
    orderdeliveryid bigint      not null,
    delivered_at    timestamptz,                   -- null: on its way
    payload         json        not null,
    landed_at       timestamptz not null,
    primary key (order_day, orderid, orderdeliveryid)
) partition by range (order_day);
create index order_deliveries_delivered on landing.order_deliveries (delivered_at);

create table landing.z_reports (
    closed_day    date        not null,            -- UTC date of datecreated
    registerid    text        not null,
    zreportid     bigint      not null,
    opened_at     timestamptz not null,
    closed_at     timestamptz not null,
    added_at      timestamptz not null,            -- dateadded: when Sitoo had it
    digest        bytea       not null,
    payload       json        not null,
    landed_at     timestamptz not null,
    primary key (closed_day, registerid, zreportid)
) partition by range (closed_day);
create index z_reports_number on landing.z_reports (registerid, zreportid);

create table landing.registers (                   -- register -> warehouse -> store, as Sitoo has it
    registerid    text primary key,
    registerkey   text   not null,
    eshopid       integer not null,
    warehouseid   bigint,
    storeid       bigint,                          -- null: the warehouse belongs to no store
    currency      text   not null,
    time_zone     text   not null,                 -- of the site: the trading day of a store the estate lacks
    landed_at     timestamptz not null
);

create table landing.cursors (
    source        text not null,                   -- 'orders', 'z_reports', 'items'
    key           text not null,                   -- a day, or ''
    position      bigint not null,                 -- orderid, or epoch seconds
    low           bigint,                          -- start of the stretch that is known without a gap
    moved_at      timestamptz not null,
    primary key (source, key)
);

create table landing.items (                       -- NetSuite's catalogue
    item          bigint primary key,              -- internal id
    sku           text   not null,                 -- itemid
    name          text,
    barcode       text,
    item_type     text   not null,
    inactive      boolean not null,
    modified_at   text,
    landed_at     timestamptz not null
);
create unique index items_sku on landing.items (sku);

-- ---------------------------------------------------------------- restricted
create table restricted.customer_contact (
    order_day     date   not null,
    orderid       bigint not null,
    email text, namefirst text, namelast text, company text, phone text,
    primary key (order_day, orderid)
) partition by range (order_day);

create table restricted.quarantine (
    id            bigint generated always as identity primary key,
    source        text   not null,                 -- 'orders', 'z_reports'; 'receipts', 'till_sessions' when modelled
    record        text   not null,                 -- orderid, register/zreportid, or the digest where none could be read
    day           date,                            -- trading day where the store is known, else UTC date of sold_at
    store         text,                            -- estate key, once a modelling run has told it from the register
    registerid    text,
    sold_at       timestamptz,
    reason        text   not null,
    digest        bytea  not null,
    body          bytea,                           -- removed after 90 days; the digest stays
    landed_at     timestamptz not null,
    cured_at      timestamptz,                     -- a later reading of the record could be parsed
    unique (source, record, digest)
);

create view restricted.unparsable as               -- what cannot be read to this day, without the bodies
select source, record, day, store, registerid, sold_at, reason, landed_at
from restricted.quarantine where cured_at is null;

-- ---------------------------------------------------------------- model
create table model.receipts (                      -- every order of the day, till sale or not
    trading_day   date        not null,
    orderid       bigint      not null,
    store         text,                            -- estate key; null: register of no store in the estate
    registerid    text,
    receipt_number text,
    counter       bigint,                          -- receipt_number less the register's key
    sold_at       timestamptz not null,
    currency      text        not null,
    excluded      text,                            -- reason by docs/accounting.md; null: a till sale
    is_return     boolean     not null,
    to_deliver    boolean     not null,            -- to be delivered later
    original_orderid bigint,
    net_minor     bigint      not null,            -- of its items
    vat_minor     bigint      not null,
    rounding_minor bigint     not null,
    gross_minor   bigint      not null,            -- moneytotal_gross_all
    paid_minor    bigint      not null,            -- sum of payments
    digest        bytea       not null,
    primary key (trading_day, orderid)
) partition by range (trading_day);
create index receipts_orderid on model.receipts (orderid);
create index receipts_number on model.receipts (receipt_number);

create table model.receipt_lines (
    trading_day   date    not null,
    orderid       bigint  not null,
    line          integer not null,                -- orderitemid
    sku           text    not null,
    quantity_milli bigint not null,                -- decimalquantitytotal x 1000
    sold          boolean not null,                -- quantity > 0
    vat_rate_bp   integer not null,                -- 25 % = 2500
    net_minor     bigint  not null,
    vat_minor     bigint  not null,
    discount_minor bigint not null,                -- net, positive on sold rows; 0 on returned ones
    original_line integer,
    primary key (trading_day, orderid, line)
) partition by range (trading_day);

create table model.payments (
    trading_day   date    not null,
    orderid       bigint  not null,
    payment       integer not null,                -- index
    name          text    not null,
    acquirer      text,                            -- reftype
    scheme        text,                            -- cardissuer
    virtual       boolean not null,
    amount_minor  bigint  not null,
    card_number   text,
    primary key (trading_day, orderid, payment)
) partition by range (trading_day);

create table model.delivered_lines (               -- items of "to be delivered later" orders, on the day they were
    trading_day   date    not null,                -- of the delivery
    orderid       bigint  not null,
    line          integer not null,
    store         text    not null,
    registerid    text    not null,
    currency      text    not null,
    vat_rate_bp   integer not null,
    net_minor     bigint  not null,
    discount_minor bigint not null,
    primary key (trading_day, orderid, line)
) partition by range (trading_day);

create table model.till_sessions (                 -- one Z-report each
    trading_day   date        not null,            -- of closed_at
    registerid    text        not null,
    zreportid     bigint      not null,
    store         text,
    currency      text        not null,
    opened_at     timestamptz not null,
    closed_at     timestamptz not null,
    figures       jsonb       not null,            -- {name: minor units or count}, names as docs/accounting.md
    comment       text        not null,            -- the till's free text: petty cash by reason
    digest        bytea       not null,
    primary key (trading_day, registerid, zreportid)
) partition by range (trading_day);
create index till_sessions_number on model.till_sessions (registerid, zreportid);

create table model.daily_sales (                   -- the day's totals, everything the journal is built from
    trading_day   date    not null,
    store         text    not null,
    currency      text    not null,
    registerid    text    not null,
    measure       text    not null,                -- 'item', 'delivered', 'payment', 'rounding'
    item_kind     text    not null default '',     -- 'goods', 'gift_card:<type>', 'deposit', 'tip'
    positive      boolean not null,                -- sold rows / money in
    to_deliver    boolean not null default false,
    vat_rate_bp   integer not null default -1,
    tender        text    not null default '',
    acquirer      text    not null default '',
    scheme        text    not null default '',
    virtual       boolean not null default false,
    held          text    not null default '',     -- case kind that holds the receipts by name; '' = booked
    net_minor     bigint  not null,                -- payments and rounding: the amount
    vat_minor     bigint  not null,
    discount_minor bigint not null,
    lines         integer not null,
    primary key (trading_day, store, currency, registerid, measure, item_kind, positive, to_deliver, vat_rate_bp,
                 tender, acquirer, scheme, virtual, held)
) partition by range (trading_day);

create table model.held_receipts (                 -- left out of the books by name: booked + held = receipts
    trading_day   date    not null,
    store         text    not null,
    orderid       bigint  not null,
    receipt_number text,
    kind          text    not null,                -- case kind, the first that applies
    record        text    not null,                -- orderid as text
    amount_minor  bigint  not null,                -- moneytotal_gross_all
    currency      text    not null,
    detail        text    not null,                -- every cause, for people
    primary key (trading_day, orderid)
) partition by range (trading_day);

-- ---------------------------------------------------------------- posting
create table posting.plan (                        -- one row per store-day and currency: what the books ought to hold
    trading_day   date    not null,
    store         text    not null,
    currency      text    not null,
    state         text    not null,                -- 'ready', 'waiting', 'held'
    receipts      integer not null,
    held_receipts integer not null,
    booked_minor  bigint  not null,                -- gross of the receipts booked
    held_minor    bigint  not null,
    reasons       jsonb   not null,                -- [{kind, record, amount_minor, text}]
    planned_at    timestamptz not null,
    primary key (trading_day, store, currency)
) partition by range (trading_day);

create table posting.plan_lines (                  -- the target, by register so that any split balances
    trading_day   date    not null,
    store         text    not null,
    currency      text    not null,
    registerid    text    not null,
    kind          text    not null,
    account       text    not null,                -- acctnumber
    vat_rate_bp   integer not null,                -- -1: none
    label         text    not null,                -- tender, acquirer and scheme; petty-cash reason; '' = none
    amount_minor  bigint  not null,                -- debit positive
    primary key (trading_day, store, currency, registerid, kind, account, vat_rate_bp, label)
) partition by range (trading_day);

create table posting.outbox (                      -- committed before the request; never edited after it is proven
    external_id   text primary key,
    flow          text   not null,                 -- 'journals'
    document_type text   not null,                 -- 'journalEntry'
    trading_day   date   not null,
    store         text   not null,
    currency      text   not null,
    number        integer not null,                -- n of JE-<store>-<yyyymmdd>-<currency>-<n>
    body          json   not null,                 -- frozen
    body_digest   bytea  not null,
    tran_date     date   not null,
    state         text   not null check (state in ('planned', 'in_doubt', 'posted', 'refused')),
    attempts      integer not null default 0,
    internal_id   text,
    error         text,
    planned_at    timestamptz not null,
    sent_at       timestamptz,
    settled_at    timestamptz,
    unique (flow, store, trading_day, currency, number)
);
create index outbox_open on posting.outbox (state) where state in ('planned', 'in_doubt');
create index outbox_day on posting.outbox (trading_day, store);

create table posting.outbox_lines (
    external_id   text    not null references posting.outbox,
    registerid    text    not null,
    kind          text    not null,
    account       text    not null,
    vat_rate_bp   integer not null,
    label         text    not null,
    amount_minor  bigint  not null,
    primary key (external_id, registerid, kind, account, vat_rate_bp, label)
);

create table posting.outbox_receipts (             -- which receipts a document carries, both ways
    trading_day   date   not null,
    orderid       bigint not null,
    external_id   text   not null,
    digest        bytea  not null,                 -- of the receipt as it was booked
    primary key (trading_day, orderid, external_id)
) partition by range (trading_day);
create index outbox_receipts_document on posting.outbox_receipts (external_id);
create index outbox_receipts_receipt on posting.outbox_receipts (orderid);

create table posting.read_back (                   -- what NetSuite said it holds, the last time we asked
    external_id   text   not null,
    line          integer not null,
    account       text   not null,
    location      text,
    memo          text,
    amount_minor  bigint not null,                 -- debit positive
    tran_date     date   not null,
    period        text,
    tranid        text,
    read_at       timestamptz not null,
    primary key (external_id, line)
);
create index read_back_tranid on posting.read_back (tranid);

-- ---------------------------------------------------------------- worklist
create table worklist.case_events (                -- append-only
    id            bigint generated always as identity primary key,
    kind          text   not null,
    key           text   not null,                 -- what it is about, stable over runs
    event         text   not null check (event in ('opened', 'changed', 'cleared')),
    owner         text   not null,
    severity      text   not null,
    state         text   not null,                 -- 'waiting' or 'broken'
    store         text,
    trading_day   date,
    record        text,
    amount_minor  bigint,
    currency      text,
    evidence      jsonb  not null,
    happened_at   timestamptz not null,
    run_id        text   not null
);
create index case_events_latest on worklist.case_events (kind, key, id desc);

create view worklist.cases as                      -- the latest word on every case; its id is that of its opening
select opening.id, latest.kind, latest.key, latest.event, latest.owner, latest.severity, latest.state, latest.store,
       latest.trading_day, latest.record, latest.amount_minor, latest.currency, latest.evidence,
       opening.happened_at as opened_at,
       case when latest.event = 'cleared' then latest.happened_at end as cleared_at
from (select distinct on (kind, key) * from worklist.case_events order by kind, key, id desc) latest
cross join lateral (
    select e.id, e.happened_at from worklist.case_events e
    where e.kind = latest.kind and e.key = latest.key and e.event = 'opened'
    order by e.id desc limit 1
) opening;
