-- 0001
ALTER TABLE blobs ENABLE ROW LEVEL SECURITY
ALTER TABLE blobs FORCE ROW LEVEL SECURITY
ALTER TABLE booking_contacts ENABLE ROW LEVEL SECURITY
ALTER TABLE booking_contacts FORCE ROW LEVEL SECURITY
ALTER TABLE booking_requests ENABLE ROW LEVEL SECURITY
ALTER TABLE booking_requests FORCE ROW LEVEL SECURITY
ALTER TABLE capture_images ENABLE ROW LEVEL SECURITY
ALTER TABLE capture_images FORCE ROW LEVEL SECURITY
ALTER TABLE captures ENABLE ROW LEVEL SECURITY
ALTER TABLE captures FORCE ROW LEVEL SECURITY
ALTER TABLE counters ENABLE ROW LEVEL SECURITY
ALTER TABLE counters FORCE ROW LEVEL SECURITY
ALTER TABLE devices ENABLE ROW LEVEL SECURITY
ALTER TABLE devices FORCE ROW LEVEL SECURITY
ALTER TABLE down_heads ENABLE ROW LEVEL SECURITY
ALTER TABLE down_heads FORCE ROW LEVEL SECURITY
ALTER TABLE down_log ENABLE ROW LEVEL SECURITY
ALTER TABLE down_log FORCE ROW LEVEL SECURITY
ALTER TABLE down_positions ENABLE ROW LEVEL SECURITY
ALTER TABLE down_positions FORCE ROW LEVEL SECURITY
ALTER TABLE events ENABLE ROW LEVEL SECURITY
ALTER TABLE events FORCE ROW LEVEL SECURITY
ALTER TABLE hello_sessions ENABLE ROW LEVEL SECURITY
ALTER TABLE hello_sessions FORCE ROW LEVEL SECURITY
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY
ALTER TABLE invitations FORCE ROW LEVEL SECURITY
ALTER TABLE locations ENABLE ROW LEVEL SECURITY
ALTER TABLE locations FORCE ROW LEVEL SECURITY
ALTER TABLE now_snapshots ENABLE ROW LEVEL SECURITY
ALTER TABLE now_snapshots FORCE ROW LEVEL SECURITY
ALTER TABLE parked ENABLE ROW LEVEL SECURITY
ALTER TABLE parked FORCE ROW LEVEL SECURITY
ALTER TABLE positions ENABLE ROW LEVEL SECURITY
ALTER TABLE positions FORCE ROW LEVEL SECURITY
CREATE INDEX capture_images_by_blob ON capture_images (tenant, blob)
CREATE INDEX captures_by_day ON captures (tenant, day)
CREATE INDEX events_by_aggregate ON events (tenant, aggregate)
CREATE INDEX events_by_type ON events (tenant, type, wall_time)
CREATE INDEX parked_by_aggregate ON parked (tenant, device, aggregate)
CREATE POLICY own_tenant ON blobs USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON booking_contacts USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON booking_requests USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON capture_images USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON captures USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON counters USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON devices USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON down_heads USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON down_log USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON down_positions USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON events USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON hello_sessions USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON invitations USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON locations USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON now_snapshots USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON parked USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON positions USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE blobs ( tenant VARCHAR(128) NOT NULL, name VARCHAR(64) NOT NULL, size BIGINT NOT NULL, state VARCHAR(16) NOT NULL, device VARCHAR(128) NOT NULL, stored_at BIGINT NOT NULL, PRIMARY KEY (tenant, name) )
CREATE TABLE booking_contacts ( tenant VARCHAR(128) NOT NULL, request VARCHAR(64) NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (tenant, request) )
CREATE TABLE booking_requests ( tenant VARCHAR(128) NOT NULL, id VARCHAR(64) NOT NULL, location VARCHAR(128) NOT NULL, service VARCHAR(80) NOT NULL, day VARCHAR(10) NOT NULL, earliest_minute INTEGER NOT NULL, latest_minute INTEGER NOT NULL, requested_at BIGINT NOT NULL, state VARCHAR(16) NOT NULL, start_minute INTEGER, reason VARCHAR(500) NOT NULL, PRIMARY KEY (tenant, id) )
CREATE TABLE capture_images ( tenant VARCHAR(128) NOT NULL, capture VARCHAR(128) NOT NULL, blob VARCHAR(64) NOT NULL, device VARCHAR(128) NOT NULL, PRIMARY KEY (tenant, capture, blob) )
CREATE TABLE captures ( tenant VARCHAR(128) NOT NULL, id VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, day VARCHAR(10) NOT NULL, findings INTEGER NOT NULL, image_state VARCHAR(16) NOT NULL, PRIMARY KEY (tenant, id) )
CREATE TABLE counters ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, name VARCHAR(64) NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (tenant, device, name) )
CREATE TABLE device_directory ( device VARCHAR(128) NOT NULL, tenant VARCHAR(128) NOT NULL, PRIMARY KEY (device) )
CREATE TABLE devices ( tenant VARCHAR(128) NOT NULL, id VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, label VARCHAR(120) NOT NULL, signing_key BYTEA NOT NULL, receiving_key BYTEA NOT NULL, state VARCHAR(16) NOT NULL, reason VARCHAR(500) NOT NULL, may_restart BOOLEAN NOT NULL, enrolled_at BIGINT NOT NULL, last_contact_at BIGINT, online BOOLEAN NOT NULL, online_since BIGINT NOT NULL, head_epoch VARCHAR(16) NOT NULL, head_seq BIGINT NOT NULL, software VARCHAR(64) NOT NULL, PRIMARY KEY (tenant, id) )
CREATE TABLE down_heads ( tenant VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, seq BIGINT NOT NULL, hash VARCHAR(64) NOT NULL, PRIMARY KEY (tenant, location) )
CREATE TABLE down_log ( tenant VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, seq BIGINT NOT NULL, id VARCHAR(36) NOT NULL, hash VARCHAR(64) NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (tenant, location, epoch, seq) )
CREATE TABLE down_positions ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, seq BIGINT NOT NULL, hash VARCHAR(64) NOT NULL, PRIMARY KEY (tenant, device) )
CREATE TABLE events ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, seq BIGINT NOT NULL, id VARCHAR(36) NOT NULL, hash VARCHAR(64) NOT NULL, location VARCHAR(128) NOT NULL, type VARCHAR(64) NOT NULL, aggregate VARCHAR(128) NOT NULL, version BIGINT NOT NULL, hlc VARCHAR(16) NOT NULL, wall_time BIGINT NOT NULL, received_at BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (tenant, device, epoch, seq), CONSTRAINT events_id_once UNIQUE (tenant, id) )
CREATE TABLE hello_sessions ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, session VARCHAR(64) NOT NULL, seen_at BIGINT NOT NULL, PRIMARY KEY (tenant, device, session) )
CREATE TABLE invitations ( tenant VARCHAR(128) NOT NULL, code_hash VARCHAR(64) NOT NULL, location VARCHAR(128) NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, device VARCHAR(128), PRIMARY KEY (tenant, code_hash) )
CREATE TABLE locations ( tenant VARCHAR(128) NOT NULL, id VARCHAR(128) NOT NULL, name VARCHAR(120) NOT NULL, timezone VARCHAR(64) NOT NULL, services JSON NOT NULL, PRIMARY KEY (tenant, id) )
CREATE TABLE now_snapshots ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, json TEXT NOT NULL, received_at BIGINT NOT NULL, PRIMARY KEY (tenant, device) )
CREATE TABLE parked ( tenant VARCHAR(128) NOT NULL, event VARCHAR(36) NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, seq BIGINT NOT NULL, location VARCHAR(128) NOT NULL, type VARCHAR(64) NOT NULL, aggregate VARCHAR(128) NOT NULL, behind VARCHAR(36), attempts INTEGER NOT NULL, reason VARCHAR(500) NOT NULL, parked_at BIGINT NOT NULL, PRIMARY KEY (tenant, event) )
CREATE TABLE positions ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, ordinal INTEGER NOT NULL, seq BIGINT NOT NULL, hash VARCHAR(64) NOT NULL, parent_epoch VARCHAR(16) NOT NULL, parent_seq BIGINT NOT NULL, PRIMARY KEY (tenant, device, epoch) )
CREATE TABLE tenants ( id VARCHAR(128) NOT NULL, name VARCHAR(120) NOT NULL, PRIMARY KEY (id) )
-- 0002
ALTER TABLE down_epochs ENABLE ROW LEVEL SECURITY
ALTER TABLE down_epochs FORCE ROW LEVEL SECURITY
ALTER TABLE down_heads FORCE ROW LEVEL SECURITY
ALTER TABLE down_heads NO FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON down_epochs USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE down_epochs ( tenant VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, ordinal BIGINT NOT NULL, PRIMARY KEY (tenant, location, epoch) )
CREATE TABLE hub_state ( "only" INTEGER NOT NULL, epoch VARCHAR(16) NOT NULL, restored_at BIGINT, PRIMARY KEY ("only") )
INSERT INTO down_epochs SELECT tenant, location, epoch, 0 FROM down_heads
INSERT INTO hub_state ("only", epoch, restored_at) VALUES (%(only)s::INTEGER, %(epoch)s::VARCHAR, %(restored_at)s::BIGINT)
-- 0003
ALTER TABLE log_resumptions ENABLE ROW LEVEL SECURITY
ALTER TABLE log_resumptions FORCE ROW LEVEL SECURITY
ALTER TABLE log_runs ENABLE ROW LEVEL SECURITY
ALTER TABLE log_runs FORCE ROW LEVEL SECURITY
ALTER TABLE log_tiles ENABLE ROW LEVEL SECURITY
ALTER TABLE log_tiles FORCE ROW LEVEL SECURITY
ALTER TABLE log_trees ENABLE ROW LEVEL SECURITY
ALTER TABLE log_trees FORCE ROW LEVEL SECURITY
CREATE INDEX log_runs_by_event ON log_runs (tenant, device, epoch, first_seq)
CREATE POLICY own_tenant ON log_resumptions USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON log_runs USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON log_tiles USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON log_trees USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE log_resumptions ( tenant VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, before VARCHAR(16) NOT NULL, size BIGINT NOT NULL, root VARCHAR(64) NOT NULL, at BIGINT NOT NULL, key BYTEA NOT NULL, signature BYTEA NOT NULL, PRIMARY KEY (tenant, epoch) )
CREATE TABLE log_runs ( tenant VARCHAR(128) NOT NULL, first BIGINT NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, first_seq BIGINT NOT NULL, length BIGINT NOT NULL, PRIMARY KEY (tenant, first) )
CREATE TABLE log_tiles ( tenant VARCHAR(128) NOT NULL, level INTEGER NOT NULL, number BIGINT NOT NULL, hash BYTEA NOT NULL, PRIMARY KEY (tenant, level, number) )
CREATE TABLE log_trees ( tenant VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, size BIGINT NOT NULL, peaks BYTEA NOT NULL, announced_size BIGINT NOT NULL, announced_at BIGINT NOT NULL, PRIMARY KEY (tenant) )
-- 0004
ALTER TABLE apply_failures ENABLE ROW LEVEL SECURITY
ALTER TABLE apply_failures FORCE ROW LEVEL SECURITY
ALTER TABLE parked_decisions ENABLE ROW LEVEL SECURITY
ALTER TABLE parked_decisions FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON apply_failures USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON parked_decisions USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE apply_failures ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, seq BIGINT NOT NULL, tries BIGINT NOT NULL, PRIMARY KEY (tenant, device, epoch, seq) )
CREATE TABLE parked_decisions ( tenant VARCHAR(128) NOT NULL, event VARCHAR(36) NOT NULL, decided_at BIGINT NOT NULL, decision VARCHAR(16) NOT NULL, actor VARCHAR(64) NOT NULL, reason VARCHAR(500) NOT NULL, PRIMARY KEY (tenant, event, decided_at) )
-- 0005
ALTER TABLE twins ENABLE ROW LEVEL SECURITY
ALTER TABLE twins FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON twins USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE twins ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, wanted_version BIGINT NOT NULL, wanted TEXT NOT NULL, wanted_at BIGINT NOT NULL, reported_version BIGINT NOT NULL, state VARCHAR(16) NOT NULL, reason VARCHAR(500) NOT NULL, digest VARCHAR(64) NOT NULL, PRIMARY KEY (tenant, device) )
-- 0006
ALTER TABLE capture_clients ENABLE ROW LEVEL SECURITY
ALTER TABLE capture_clients FORCE ROW LEVEL SECURITY
ALTER TABLE consent_decisions ENABLE ROW LEVEL SECURITY
ALTER TABLE consent_decisions FORCE ROW LEVEL SECURITY
ALTER TABLE erasure_requests ENABLE ROW LEVEL SECURITY
ALTER TABLE erasure_requests FORCE ROW LEVEL SECURITY
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY
ALTER TABLE erasures FORCE ROW LEVEL SECURITY
ALTER TABLE known_clients ENABLE ROW LEVEL SECURITY
ALTER TABLE known_clients FORCE ROW LEVEL SECURITY
ALTER TABLE shredded_images ENABLE ROW LEVEL SECURITY
ALTER TABLE shredded_images FORCE ROW LEVEL SECURITY
CREATE INDEX capture_clients_by_client ON capture_clients (tenant, client)
CREATE INDEX consent_decisions_by_client ON consent_decisions (tenant, client)
CREATE INDEX shredded_images_by_client ON shredded_images (tenant, client)
CREATE INDEX shredded_images_by_state ON shredded_images (tenant, state)
CREATE POLICY own_tenant ON capture_clients USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON consent_decisions USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON erasure_requests USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON erasures USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON known_clients USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON shredded_images USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE capture_clients ( tenant VARCHAR(128) NOT NULL, capture VARCHAR(128) NOT NULL, client VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, hlc VARCHAR(16) NOT NULL, PRIMARY KEY (tenant, capture) )
CREATE TABLE consent_decisions ( tenant VARCHAR(128) NOT NULL, event VARCHAR(36) NOT NULL, client VARCHAR(128) NOT NULL, granted BIGINT NOT NULL, hlc VARCHAR(16) NOT NULL, supersedes JSON NOT NULL, PRIMARY KEY (tenant, event) )
CREATE TABLE erasure_requests ( tenant VARCHAR(128) NOT NULL, request VARCHAR(64) NOT NULL, client VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, reason VARCHAR(32) NOT NULL, legal_basis VARCHAR(32) NOT NULL, requested_by VARCHAR(128) NOT NULL, requested_at BIGINT NOT NULL, state VARCHAR(16) NOT NULL, decided_by VARCHAR(128), decided_at BIGINT, PRIMARY KEY (tenant, request) )
CREATE TABLE erasures ( tenant VARCHAR(128) NOT NULL, client VARCHAR(128) NOT NULL, state VARCHAR(16) NOT NULL, request VARCHAR(64) NOT NULL, location VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, reason VARCHAR(32) NOT NULL, legal_basis VARCHAR(32) NOT NULL, event VARCHAR(36) NOT NULL, hash VARCHAR(64) NOT NULL, generation BIGINT NOT NULL, erased_at BIGINT NOT NULL, done_at BIGINT, receipt TEXT, PRIMARY KEY (tenant, client) )
CREATE TABLE known_clients ( tenant VARCHAR(128) NOT NULL, client VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, PRIMARY KEY (tenant, client) )
CREATE TABLE shredded_images ( tenant VARCHAR(128) NOT NULL, blob VARCHAR(64) NOT NULL, client VARCHAR(128) NOT NULL, why VARCHAR(16) NOT NULL, state VARCHAR(16) NOT NULL, PRIMARY KEY (tenant, blob) )
-- 0007
ALTER TABLE down_links ENABLE ROW LEVEL SECURITY
ALTER TABLE down_links FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON down_links USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE down_links ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, life VARCHAR(16) NOT NULL, version BIGINT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (tenant, device) )
-- 0008
ALTER TABLE device_keys ENABLE ROW LEVEL SECURITY
ALTER TABLE device_keys FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON device_keys USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE device_keys ( tenant VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, sent INTEGER NOT NULL, taken INTEGER NOT NULL, PRIMARY KEY (tenant, device) )
-- 0009
ALTER TABLE certificates ENABLE ROW LEVEL SECURITY
ALTER TABLE certificates FORCE ROW LEVEL SECURITY
CREATE INDEX certificates_by_device ON certificates (tenant, device, issued_at)
CREATE POLICY own_tenant ON certificates USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE certificates ( tenant VARCHAR(128) NOT NULL, serial VARCHAR(40) NOT NULL, device VARCHAR(128) NOT NULL, root VARCHAR(64) NOT NULL, issued_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT, PRIMARY KEY (tenant, serial) )
-- 0010
ALTER TABLE erasure_requests ADD COLUMN origin VARCHAR(16) DEFAULT 'clinic' NOT NULL
-- 0011
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY
ALTER TABLE alerts FORCE ROW LEVEL SECURITY
ALTER TABLE audit_counts ENABLE ROW LEVEL SECURITY
ALTER TABLE audit_counts FORCE ROW LEVEL SECURITY
ALTER TABLE audit_cursors ENABLE ROW LEVEL SECURITY
ALTER TABLE audit_cursors FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON alerts USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON audit_counts USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE POLICY own_tenant ON audit_cursors USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE alerts ( tenant VARCHAR(128) NOT NULL, id VARCHAR(32) NOT NULL, location VARCHAR(128) NOT NULL, actor VARCHAR(128) NOT NULL, kind VARCHAR(32) NOT NULL, day VARCHAR(10) NOT NULL, number INTEGER NOT NULL, threshold INTEGER NOT NULL, first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, acknowledged_at BIGINT, acknowledged_by VARCHAR(128), note BYTEA, PRIMARY KEY (tenant, id) )
CREATE TABLE audit_counts ( tenant VARCHAR(128) NOT NULL, location VARCHAR(128) NOT NULL, actor VARCHAR(128) NOT NULL, kind VARCHAR(32) NOT NULL, day VARCHAR(10) NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tenant, location, actor, kind, day) )
CREATE TABLE audit_cursors ( tenant VARCHAR(128) NOT NULL, next_leaf BIGINT NOT NULL, PRIMARY KEY (tenant) )
-- 0012
ALTER TABLE invitations ADD COLUMN replaces VARCHAR(128)
-- 0013
ALTER TABLE setting_digests ENABLE ROW LEVEL SECURITY
ALTER TABLE setting_digests FORCE ROW LEVEL SECURITY
CREATE POLICY own_tenant ON setting_digests USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE setting_digests ( tenant VARCHAR(128) NOT NULL, name VARCHAR(200) NOT NULL, digest VARCHAR(16) NOT NULL, PRIMARY KEY (tenant, name) )
-- 0014
ALTER TABLE hub_state ADD COLUMN ran BIGINT DEFAULT '0' NOT NULL
-- 0015
ALTER TABLE slot_leases ENABLE ROW LEVEL SECURITY
ALTER TABLE slot_leases FORCE ROW LEVEL SECURITY
CREATE INDEX slot_leases_by_day ON slot_leases (tenant, state, day)
CREATE POLICY own_tenant ON slot_leases USING (tenant = nullif(current_setting('app.tenant', true), ''))
CREATE TABLE slot_leases ( tenant VARCHAR(128) NOT NULL, id VARCHAR(64) NOT NULL, location VARCHAR(128) NOT NULL, device VARCHAR(128) NOT NULL, epoch VARCHAR(16) NOT NULL, life VARCHAR(16) NOT NULL, day VARCHAR(10) NOT NULL, slot TEXT NOT NULL, until BIGINT NOT NULL, state VARCHAR(16) NOT NULL, recalled BOOLEAN NOT NULL, order_id VARCHAR(64) NOT NULL, decided_at BIGINT, outcome VARCHAR(16) NOT NULL, start_minute INTEGER, reason VARCHAR(500) NOT NULL, PRIMARY KEY (tenant, id) )
