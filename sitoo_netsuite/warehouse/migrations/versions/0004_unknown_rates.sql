alter table landing.product_groups alter rate_bp drop not null;
