alter table landing.stock_movements
    add column source_type text,                   -- NetSuite's code of the order it was made from: 'TrnfrOrd', ...
    add column sender bigint,                      -- of transfers: the location (internal id) the goods leave
    add column receiver bigint;                    -- and the one they come to

create table posting.stock_decisions (             -- what is carried to the other system, and what is not
    decision      bigint generated always as identity primary key,
    born_in       text   not null,                 -- 'sitoo': a warehouse transaction; 'shipment'; 'netsuite': a transaction
    number        bigint not null,                 -- its id there
    carried       boolean not null,                -- false: the other system's stock is right without it
    decided_by    text   not null,                 -- a person, or estate.yaml
    reason        text,
    decided_at    timestamptz not null
);
create index stock_decisions_of on posting.stock_decisions (born_in, number);

-- A decision may be changed: the last one counts.
create view posting.stock_decided as
select distinct on (born_in, number) born_in, number, carried, decided_by, reason, decided_at
from posting.stock_decisions order by born_in, number, decision desc;

insert into posting.stock_decisions (born_in, number, carried, decided_by, decided_at)
select 'sitoo', warehousetransactionid, true, approved_by, approved_at from posting.stock_approvals;
drop table posting.stock_approvals;

-- What a kit is made of changes, and what was sold of it before does not.
alter table landing.kit_members
    add column from_day date not null default '-infinity',   -- the first trading day it was made of this
    drop constraint kit_members_pkey,
    add primary key (kit, from_day, item);

alter table posting.outbox_quantities
    add column of_kit boolean not null default false;        -- the item is a member of the kit that was sold as `sku`
update posting.outbox_quantities q set of_kit = true
from landing.items kit where kit.sku = q.sku and kit.item_type = 'Kit';
alter table posting.outbox_quantities
    drop constraint outbox_quantities_pkey,
    add primary key (external_id, location, account, item, sku, kind, of_kit);
