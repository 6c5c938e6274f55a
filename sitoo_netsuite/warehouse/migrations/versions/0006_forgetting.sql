alter table restricted.customer_contact
    add column email_key text;                     -- normalised; '' where it is none; null: not looked at yet
create index customer_contact_email_key on restricted.customer_contact (email_key);
create index customer_contact_new on restricted.customer_contact (orderid) where email_key is null and email <> '';

alter table restricted.forgotten
    add column users text[] not null default '{}',         -- '<eshopid>/<userid>' in Sitoo, to be forgotten by hand
    add column customers bigint[] not null default '{}';   -- internal ids in NetSuite, likewise
