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
