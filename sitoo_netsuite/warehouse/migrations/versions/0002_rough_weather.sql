-- Tables of 0001 stay as they are; what is granted on the schemas covers these too (default privileges).

-- ---------------------------------------------------------------- landing
create table landing.replaced_orders (             -- earlier versions of orders that Sitoo changed after we had landed them
    order_day     date        not null,
    orderid       bigint      not null,
    digest        bytea       not null,            -- of this earlier version
    payload       json        not null,
    landed_at     timestamptz not null,
    replaced_at   timestamptz not null,
    primary key (order_day, orderid, digest)
);
create index replaced_orders_orderid on landing.replaced_orders (orderid);

create table landing.touched_days (                -- trading days whose records changed since they were last run
    trading_day   date        primary key,
    touched_at    timestamptz not null,            -- the latest change
    taken_by      text                             -- run that has modelled the day since; once it has planned it, it
                                                   -- clears the row, unless the day was touched again meanwhile
);

create table landing.register_places (             -- where a register stood from a trading day on
    registerid    text        not null,
    from_day      date        not null,            -- '-infinity' for what was known first
    warehouseid   bigint,
    storeid       bigint,
    primary key (registerid, from_day)
);
insert into landing.register_places (registerid, from_day, warehouseid, storeid)
    select registerid, '-infinity', warehouseid, storeid from landing.registers;

-- ---------------------------------------------------------------- posting
alter table posting.outbox
    -- When a request for the document last went unanswered: until NetSuite's longest request time has passed since, a
    -- document that is not there yet may still arrive.
    add column unclear_at timestamptz;

create table posting.ledger_findings (             -- what the ledger holds, or lacks, against what we posted
    kind          text    not null,                -- the case kind that names it
    record        text    not null,                -- external id, else the number NetSuite shows
    store         text    not null,
    trading_day   date    not null,
    currency      text    not null,
    lines         jsonb   not null,                -- [{account, amount_minor}]: ledger less what was posted, debit positive
    found_at      timestamptz not null,
    primary key (kind, record, store, trading_day, currency)
);

-- ---------------------------------------------------------------- worklist
alter table worklist.case_events drop constraint case_events_event_check;
alter table worklist.case_events add constraint case_events_event_check
    check (event in ('opened', 'changed', 'cleared', 'resolved'));
alter table worklist.case_events
    add column reason text,                        -- why a person resolved it
    add column resolved_by text,                   -- and who that was
    alter column run_id drop not null;             -- null: not a run but a person

create or replace view worklist.cases as           -- the latest word on every case; its id is that of its opening
select opening.id, latest.kind, latest.key, latest.event, latest.owner, latest.severity, latest.state, latest.store,
       latest.trading_day, latest.record, latest.amount_minor, latest.currency, latest.evidence,
       opening.happened_at as opened_at,
       case when latest.event in ('cleared', 'resolved') then latest.happened_at end as cleared_at
from (select distinct on (kind, key) * from worklist.case_events order by kind, key, id desc) latest
cross join lateral (
    select e.id, e.happened_at from worklist.case_events e
    where e.kind = latest.kind and e.key = latest.key and e.event = 'opened'
    order by e.id desc limit 1
) opening;
