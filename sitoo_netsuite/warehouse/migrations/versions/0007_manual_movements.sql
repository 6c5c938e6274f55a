create table posting.stock_approvals (             -- Sitoo's movements that a person let through to NetSuite
    warehousetransactionid bigint primary key,
    approved_by   text   not null,
    approved_at   timestamptz not null
);
