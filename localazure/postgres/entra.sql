-- What a Flexible Server has in its database postgres for Entra roles. Run at every start; changes nothing twice.
-- Signatures, return texts and the form of the label:
-- https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users
-- The mapping is kept where Azure keeps it, in the role's security label: so it goes when the role is dropped, and
-- pg_seclabels shows it. SECURITY LABEL itself needs the provider's C library, hence the direct insert.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'azure_pg_admin') THEN
        CREATE ROLE azure_pg_admin NOLOGIN CREATEDB CREATEROLE;
        GRANT pg_read_all_settings, pg_read_all_stats, pg_stat_scan_tables, pg_monitor, pg_signal_backend
            TO azure_pg_admin;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.pgaadauth_label(rolename text, objectid text, objecttype text, isadmin boolean)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    role_id oid := rolename::regrole::oid;
BEGIN
    DELETE FROM pg_shseclabel WHERE objoid = role_id AND classoid = 'pg_authid'::regclass AND provider = 'pgaadauth';
    INSERT INTO pg_shseclabel (objoid, classoid, provider, label)
    VALUES (role_id, 'pg_authid'::regclass, 'pgaadauth',
            format('aadauth,oid=%s,type=%s%s', objectid::uuid, objecttype, CASE WHEN isadmin THEN ',admin' ELSE '' END));
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(
    rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF objecttype NOT IN ('user', 'group', 'service') THEN
        RAISE EXCEPTION 'objectType must be user, group or service, not "%"', objecttype USING ERRCODE = '22023';
    END IF;
    IF ismfa THEN
        RAISE EXCEPTION 'isMfa is not simulated: tokens of managed identities carry no mfa claim'
            USING ERRCODE = '0A000';
    END IF;
    EXECUTE format('CREATE ROLE %I LOGIN', rolename);
    PERFORM pgaadauth_label(quote_ident(rolename), objectid, objecttype, isadmin);
    IF isadmin THEN
        EXECUTE format('ALTER ROLE %I CREATEDB CREATEROLE', rolename);
        EXECUTE format('GRANT azure_pg_admin TO %I', rolename);
    ELSIF current_setting('server_version_num')::int >= 160000 THEN
        -- Since version 16 CREATEROLE alone does not let an administrator drop a role that the service made.
        EXECUTE format('GRANT %I TO azure_pg_admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', rolename);
    END IF;
    RETURN format('Created role for %s', rolename);
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (rolename name, principaltype text, objectid text, tenantid text, ismfa integer, isadmin integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT role.rolname, substring(label.label FROM 'type=([a-z]+)'), substring(label.label FROM 'oid=([0-9a-f-]+)'),
           ''::text, 0, (label.label LIKE '%,admin')::int
    FROM pg_shseclabel AS label JOIN pg_authid AS role ON role.oid = label.objoid
    WHERE label.classoid = 'pg_authid'::regclass AND label.provider = 'pgaadauth'
      AND (NOT isadminvalue OR label.label LIKE '%,admin')
$$;

REVOKE ALL ON FUNCTION pg_catalog.pgaadauth_label(text, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(text, text, text, boolean, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pgaadauth_list_principals(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(text, text, text, boolean, boolean)
    TO azure_pg_admin;
GRANT EXECUTE ON FUNCTION pg_catalog.pgaadauth_list_principals(boolean) TO azure_pg_admin;
