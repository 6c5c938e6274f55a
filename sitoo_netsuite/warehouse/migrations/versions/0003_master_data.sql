-- Master data: what NetSuite says a product is and costs, what Sitoo's tills have of it, what was pushed and what drifted.
-- And customers: personal fields in `restricted` alone, links without any in `master`.

create schema master;       -- what the tills ought to have, and what was done about it

-- ---------------------------------------------------------------- landing: NetSuite
alter table landing.items
    add column matrix_type text,                   -- 'PARENT', 'CHILD'; null: no matrix item
    add column parent bigint,                      -- internal id of the matrix's parent
    add column options jsonb not null default '{}',        -- {option of the estate: value}, of a matrix child
    add column tax_schedule text,                  -- its name
    add column subsidiaries bigint[] not null default '{}',
    add column for_tills boolean not null default true;    -- by the estate's `till_flag`
create index items_sku_folded on landing.items (lower(sku));

create table landing.doubled_items (               -- items kept out of landing.items: an earlier one has their SKU
    item          bigint primary key,
    sku           text   not null,
    first_item    bigint not null,
    landed_at     timestamptz not null
);

create table landing.item_prices (                 -- of one unit
    item          bigint  not null,
    price_level   text    not null,                -- its name
    currency      text    not null,
    price         numeric not null,                -- as NetSuite has it; with VAT or without: the estate says
    primary key (item, price_level, currency)
);

create table landing.touched_skus (                -- changed on either side since they were last compared (as touched_days)
    sku           text primary key,
    touched_at    timestamptz not null,
    taken_by      text                             -- the run that is about to compare them; null again when touched anew
);

-- ---------------------------------------------------------------- landing: Sitoo
create table landing.sites (
    eshopid       integer primary key,
    currency      text    not null,
    prices_with_vat boolean,                       -- pricesstoredwithvat; null: Sitoo does not say
    landed_at     timestamptz not null
);

create table landing.product_groups (              -- Sitoo's VAT groups
    eshopid       integer not null,
    vatid         integer not null,
    rate_bp       integer not null,
    group_type    integer not null,                -- 10 product, 20 service, 30 gift card
    name          text    not null,
    primary key (eshopid, vatid)
);

create table landing.products (
    eshopid       integer not null,
    productid     bigint  not null,
    sku           text    not null,
    title         text    not null,
    barcode       text    not null,                -- '' for none
    vatid         integer,
    active_pos    boolean not null,
    main_variant  bigint,                          -- productid of its group's main variant (itself, for that one)
    attributes    jsonb   not null,                -- [[name, value], ...], of a variant
    modified_at   timestamptz,
    landed_at     timestamptz not null,
    primary key (eshopid, productid)
);
create index products_sku on landing.products (eshopid, sku);

create table landing.price_lists (
    eshopid       integer not null,
    pricelistid   integer not null,                -- 1 is the default one
    name          text    not null,
    active        boolean not null,
    currency      text    not null,
    tags          text[]  not null,                -- with tags it applies to some customers or campaigns only
    primary key (eshopid, pricelistid)
);

create table landing.price_list_items (
    eshopid       integer not null,
    pricelistid   integer not null,
    productid     bigint  not null,
    price_minor   bigint  not null,                -- as stored: with VAT or without, by landing.sites
    volume_prices jsonb   not null default '[]',   -- [[from this quantity on, price of one in minor units], ...]
    primary key (eshopid, pricelistid, productid)
);

-- ---------------------------------------------------------------- master: catalogue
create table master.agreed (                       -- the value both sides last had of each mastered field
    eshopid       integer not null,
    sku           text    not null,
    fields        jsonb   not null,                -- {field: text}
    agreed_at     timestamptz not null,
    primary key (eshopid, sku)
);

create table master.pushes (                       -- every change asked of Sitoo, with its answer; never edited once settled
    id            bigint generated always as identity primary key,
    eshopid       integer not null,
    sku           text    not null,
    action        text    not null check (action in ('create', 'change', 'price', 'variants')),
    fields        jsonb   not null,                -- {field: [old, new]}
    digest        bytea   not null,                -- of what was asked: the same is not asked again after a refusal
    outcome       text    not null check (outcome in ('in_doubt', 'done', 'refused')),
    error         text,
    asked_at      timestamptz not null,
    settled_at    timestamptz,                     -- refused, or read back: still in doubt then, it is not there
    run_id        text    not null
);
create index pushes_sku on master.pushes (eshopid, sku, id);
create index pushes_digest on master.pushes (digest);
create index pushes_unsettled on master.pushes (eshopid) where settled_at is null;

create table master.drifts (                       -- mastered fields somebody changed in Sitoo
    eshopid       integer not null,
    sku           text    not null,
    field         text    not null,
    netsuite      text    not null,                -- the value that was agreed
    sitoo         text    not null,                -- what it was changed to
    changed_at    timestamptz,                     -- datemodified of the product
    found_at      timestamptz not null,
    put_back_at   timestamptz,                     -- when both sides were seen to agree again; null: not yet
    primary key (eshopid, sku, field, found_at)
);

create table master.list_prices (                  -- prices of Sitoo's active lists over time, as far as they were seen
    eshopid       integer not null,
    pricelistid   integer not null,
    sku           text    not null,
    from_quantity integer not null,                -- of a volume price; 0: of one unit
    currency      text    not null,                -- of the list
    for_all       boolean not null,                -- the list has no tags
    gross_minor   bigint  not null,                -- with VAT, of one unit
    from_at       timestamptz not null,            -- it may hold since: the last look before it was there; -infinity
    to_at         timestamptz not null default 'infinity',     -- it may hold until: the look that found it gone
    known_from    timestamptz not null,            -- it held by then; sales before a SKU's first are not judged
    primary key (eshopid, pricelistid, sku, from_quantity, gross_minor, from_at)
);
create index list_prices_sku on master.list_prices (eshopid, sku);

create table master.sold_prices (                  -- rows of receipts sold at a price nothing explains
    trading_day   date    not null,
    orderid       bigint  not null,
    line          integer not null,
    store         text    not null,
    sku           text    not null,
    quantity_milli bigint not null,
    sold_minor    bigint  not null,                -- gross of the row before discount
    right_minor   bigint  not null,                -- gross of the row at the lowest price in force
    currency      text    not null,
    primary key (trading_day, orderid, line)
);

-- ---------------------------------------------------------------- customers
create table restricted.sitoo_users (
    eshopid       integer not null,
    userid        text    not null,
    email         text, mobile text, phone text, namefirst text, namelast text, company text,
    customernumber text,
    email_key text, mobile_key text,               -- normalised; null: none, or not one
    created_at    timestamptz,
    modified_at   timestamptz,
    landed_at     timestamptz not null,
    primary key (eshopid, userid)
);

create table restricted.netsuite_customers (
    customer      bigint  primary key,             -- internal id
    externalid    text,
    email text, mobile text, phone text, firstname text, lastname text, companyname text,
    email_key text, mobile_key text,               -- normalised; null: none, or not one
    is_person     boolean not null,
    inactive      boolean not null,
    subsidiary    bigint,
    landed_at     timestamptz not null
);

create table master.customer_links (               -- a Sitoo user, or the person on a receipt, and its NetSuite customer
    source        text    not null check (source in ('user', 'receipt')),
    record        text    not null,                -- '<eshopid>/<userid>', or the orderid
    state         text    not null check (state in ('linked', 'planned', 'in_doubt', 'ambiguous', 'refused', 'erased',
                                                    'forgotten', 'anonymous')),
    customer      bigint,                          -- NetSuite's internal id
    matched_by    text,                            -- 'email', 'mobile', 'created', 'external_id'
    external_id   text,                            -- of the customer we make
    person        bytea,                           -- SHA-256 of the normalised address or number it was matched by
    detail        text    not null default '',     -- for people, without personal data
    changed_at    timestamptz not null,
    primary key (source, record)
);
create index customer_links_customer on master.customer_links (customer);
create index customer_links_person on master.customer_links (person);

create table restricted.forgotten (                -- people who asked to be forgotten: never matched or made again
    person        bytea   primary key,             -- SHA-256 as in master.customer_links
    forgotten_at  timestamptz not null
);
