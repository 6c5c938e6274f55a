-- Who may read what. Roles belong to the whole server, so another database may have made them already, or be making
-- them at this moment.
--   sitoo_netsuite_reader      reads everything but the schema restricted
--   sitoo_netsuite_restricted  reads that too: personal fields and rejected bodies

do $$
declare
    role_name text;
begin
    foreach role_name in array array['sitoo_netsuite_reader', 'sitoo_netsuite_restricted'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception when duplicate_object or unique_violation then
                null;  -- made by another database's migration just now
            end;
        end if;
    end loop;
    if not pg_has_role('sitoo_netsuite_restricted', 'sitoo_netsuite_reader', 'usage') then
        begin
            grant sitoo_netsuite_reader to sitoo_netsuite_restricted;
        exception when unique_violation then
            null;
        end;
    end if;
end
$$;

grant usage on schema landing, model, posting, worklist to sitoo_netsuite_reader;
grant select on all tables in schema landing, model, posting, worklist to sitoo_netsuite_reader;
alter default privileges in schema landing, model, posting, worklist
    grant select on tables to sitoo_netsuite_reader;

grant usage on schema restricted to sitoo_netsuite_restricted;
grant select on all tables in schema restricted to sitoo_netsuite_restricted;
alter default privileges in schema restricted grant select on tables to sitoo_netsuite_restricted;
