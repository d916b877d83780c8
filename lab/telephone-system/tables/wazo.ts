import { flags, ID, many, type TableList, texts, UUID, whole } from '../notation.ts';

const TENANT = 'tenant_uuid uuid NOT NULL';
const name = (length = 128): string => `name varchar(${length}) NOT NULL`;
const CREATED = "created_at timestamptz NOT NULL DEFAULT '2026-01-01'";

/** The core's newer tables: tenants, SIP endpoints in sections, applications, meetings. */
const core: TableList = [
  [
    'tenant',
    `${UUID}, slug varchar(10), country varchar(2), sip_templates_generated boolean NOT NULL DEFAULT false, ${many('uuid', 'global_sip_template_uuid', 'webrtc_sip_template_uuid', 'registration_trunk_sip_template_uuid', 'meeting_guest_sip_template_uuid', 'twilio_trunk_sip_template_uuid')}`,
  ],
  [
    'endpoint_sip',
    `${UUID}, label text, name text NOT NULL UNIQUE, asterisk_id text, ${TENANT}, transport_uuid uuid, template boolean DEFAULT false`,
  ],
  [
    'endpoint_sip_section',
    `${UUID}, type endpoint_sip_section_type NOT NULL, endpoint_sip_uuid uuid NOT NULL, UNIQUE (type, endpoint_sip_uuid)`,
  ],
  [
    'endpoint_sip_section_option',
    `${UUID}, key text NOT NULL, value text NOT NULL, endpoint_sip_section_uuid uuid NOT NULL`,
  ],
  [
    'endpoint_sip_template',
    'child_uuid uuid, parent_uuid uuid, priority integer, PRIMARY KEY (child_uuid, parent_uuid)',
  ],
  ['pjsip_transport', `${UUID}, name text NOT NULL UNIQUE`],
  ['pjsip_transport_option', `${ID}, key text NOT NULL, value text NOT NULL, pjsip_transport_uuid uuid NOT NULL`],
  ['asterisk_file', `${ID}, name text NOT NULL UNIQUE`],
  [
    'asterisk_file_section',
    `${ID}, name text NOT NULL, priority integer, asterisk_file_id integer NOT NULL, UNIQUE (name, asterisk_file_id)`,
  ],
  [
    'asterisk_file_variable',
    `${ID}, key text NOT NULL, value text, priority integer, asterisk_file_section_id integer NOT NULL`,
  ],
  ['application', `${UUID}, ${TENANT}, ${name()}`],
  [
    'application_dest_node',
    `application_uuid uuid PRIMARY KEY, type varchar(20) NOT NULL, music_on_hold varchar(128), answer boolean NOT NULL DEFAULT true`,
  ],
  [
    'conference',
    `${ID}, ${TENANT}, ${name()}, preprocess_subroutine varchar(39), max_users integer NOT NULL DEFAULT 50, ${texts('pin', 'admin_pin', 'music_on_hold')}, ${many('boolean NOT NULL DEFAULT false', 'record', 'quiet_join_leave')}`,
  ],
  ['external_app', `name text, ${TENANT}, label text, configuration json, PRIMARY KEY (name, tenant_uuid)`],
  [
    'user_external_app',
    'name text, user_uuid varchar(38) NOT NULL, label text, configuration json, PRIMARY KEY (name, user_uuid)',
  ],
  [
    'feature_extension',
    `${UUID}, enabled boolean NOT NULL DEFAULT true, exten varchar(40) NOT NULL UNIQUE, feature varchar(255) NOT NULL`,
  ],
  ['ingress_http', `${UUID}, uri text NOT NULL, ${TENANT} UNIQUE`],
  [
    'meeting',
    `${UUID}, name text, guest_endpoint_sip_uuid uuid, ${TENANT}, ${CREATED}, persistent boolean NOT NULL DEFAULT false, number text NOT NULL, require_authorization boolean NOT NULL DEFAULT false, UNIQUE (number, tenant_uuid)`,
  ],
  ['meeting_owner', 'meeting_uuid uuid, user_uuid varchar(38), PRIMARY KEY (meeting_uuid, user_uuid)'],
  [
    'meeting_authorization',
    `${UUID}, guest_uuid uuid NOT NULL, meeting_uuid uuid NOT NULL, guest_name text, status meeting_authorization_status NOT NULL DEFAULT 'pending', ${CREATED}`,
  ],
  [
    'parking_lot',
    `${ID}, ${TENANT}, ${name()}, slots_start varchar(40) NOT NULL, slots_end varchar(40) NOT NULL, timeout integer, music_on_hold varchar(128)`,
  ],
  [
    'phone_number',
    `${UUID}, ${TENANT}, number text NOT NULL, caller_id_name text, main boolean NOT NULL DEFAULT false, shared boolean NOT NULL DEFAULT false, UNIQUE (number, tenant_uuid)`,
  ],
  [
    'register_iax',
    `${ID}, ${TENANT}, protocol varchar(3) NOT NULL DEFAULT 'iax', auth_username text, auth_password text, remote_host text NOT NULL, remote_port integer`,
  ],
  ['switchboard', `${UUID}, ${TENANT}, ${name()}, hold_moh_uuid uuid, queue_moh_uuid uuid, timeout integer`],
  [
    'switchboard_member_user',
    'switchboard_uuid uuid, user_uuid varchar(38), PRIMARY KEY (switchboard_uuid, user_uuid)',
  ],
  [
    'stat_switchboard_queue',
    `${ID}, time timestamp NOT NULL, end_type varchar(20) NOT NULL, wait_time double precision NOT NULL, queue_id integer NOT NULL`,
  ],
  [
    'moh',
    `${UUID}, ${TENANT}, name text NOT NULL UNIQUE, label text, mode varchar(10) NOT NULL, application text, sort varchar(10)`,
  ],
  ['blocklist', `${UUID}, ${TENANT}`],
  ['blocklist_number', `${UUID}, label text, number text NOT NULL, blocklist_uuid uuid NOT NULL`],
];

/** Who may log in, where, and as what; a tenant is a user's and a user is a tenant's. */
const auth: TableList = [
  [
    'auth_tenant',
    `${UUID}, name text, slug varchar(10) NOT NULL UNIQUE, phone varchar(32), contact_uuid uuid, address_id integer, parent_uuid uuid NOT NULL, default_authentication_method text NOT NULL DEFAULT 'native'`,
  ],
  [
    'auth_user',
    `${UUID}, username varchar(256) UNIQUE, firstname text, lastname text, password_hash text, password_salt bytea, ${TENANT}, purpose auth_user_purpose NOT NULL, enabled boolean DEFAULT true, authentication_method text NOT NULL DEFAULT 'default'`,
  ],
  [
    'auth_address',
    `id_ serial PRIMARY KEY, line_1 text, line_2 text, city text, state text, country text, zip_code text, ${TENANT} UNIQUE`,
  ],
  ['auth_access', 'id_ serial PRIMARY KEY, access text NOT NULL UNIQUE'],
  [
    'auth_policy',
    `${UUID}, name varchar(80) NOT NULL, slug varchar(80) NOT NULL, description text, ${TENANT}, config_managed boolean DEFAULT false, shared boolean NOT NULL DEFAULT false, UNIQUE (name, tenant_uuid)`,
  ],
  ['auth_policy_access', 'policy_uuid uuid, access_id integer, PRIMARY KEY (policy_uuid, access_id)'],
  [
    'auth_group',
    `${UUID}, name text NOT NULL, slug varchar(80) NOT NULL, ${TENANT}, system_managed boolean NOT NULL DEFAULT false, kind auth_group_kind NOT NULL DEFAULT 'own', UNIQUE (slug, tenant_uuid)`,
  ],
  ['auth_group_policy', 'group_uuid uuid, policy_uuid uuid, PRIMARY KEY (group_uuid, policy_uuid)'],
  ['auth_user_group', 'user_uuid uuid, group_uuid uuid, PRIMARY KEY (user_uuid, group_uuid)'],
  ['auth_user_policy', 'user_uuid uuid, policy_uuid uuid, PRIMARY KEY (user_uuid, policy_uuid)'],
  [
    'auth_email',
    `${UUID}, address text NOT NULL UNIQUE, confirmed boolean NOT NULL DEFAULT false, main boolean NOT NULL DEFAULT false, user_uuid uuid NOT NULL`,
  ],
  ['auth_session', `${UUID}, ${TENANT}, mobile boolean NOT NULL DEFAULT false`],
  [
    'auth_token',
    `${UUID}, session_uuid uuid NOT NULL, auth_id text NOT NULL, pbx_user_uuid uuid, xivo_uuid varchar(38), issued_t integer, expire_t integer, metadata text, acl text[] NOT NULL DEFAULT '{}', user_agent text, remote_addr text`,
  ],
  [
    'auth_refresh_token',
    `${UUID}, client_id text, user_uuid uuid, backend text, login text, ${CREATED}, user_agent text, remote_addr text, mobile boolean NOT NULL DEFAULT false, UNIQUE (client_id, user_uuid)`,
  ],
  ['auth_external_auth_type', `${UUID}, name text NOT NULL UNIQUE, enabled boolean DEFAULT false`],
  ['auth_external_auth_data', `${UUID}, data text NOT NULL`],
  [
    'auth_user_external_auth',
    'user_uuid uuid NOT NULL, external_auth_type_uuid uuid NOT NULL, external_auth_data_uuid uuid NOT NULL, UNIQUE (user_uuid, external_auth_type_uuid)',
  ],
  [
    'auth_external_auth_config',
    'type_uuid uuid, tenant_uuid uuid, data_uuid uuid NOT NULL, PRIMARY KEY (type_uuid, tenant_uuid)',
  ],
  [
    'auth_ldap_config',
    'tenant_uuid uuid PRIMARY KEY, host varchar(512) NOT NULL, port integer NOT NULL, protocol_version integer, protocol_security text, bind_dn varchar(256), bind_password text, user_base_dn varchar(256) NOT NULL, user_login_attribute varchar(64) NOT NULL, user_email_attribute varchar(64) NOT NULL',
  ],
  ['auth_domain', `${UUID}, name varchar(253) NOT NULL UNIQUE, ${TENANT}`],
  [
    'auth_saml_config',
    'tenant_uuid uuid PRIMARY KEY, domain_uuid uuid NOT NULL, entity_id varchar(512) NOT NULL, idp_metadata text NOT NULL, acs_url varchar(512) NOT NULL',
  ],
  [
    'auth_saml_session',
    'request_id varchar(40), session_id varchar(22), redirect_url varchar(512) NOT NULL, domain varchar(512) NOT NULL, relay_state varchar(100) NOT NULL, login varchar(512), start_time timestamptz, PRIMARY KEY (request_id, session_id)',
  ],
  ['alembic_version_auth', 'version_num varchar(32) PRIMARY KEY'],
];

const directories: TableList = [
  ['dird_tenant', `${UUID}, country varchar(2)`],
  ['dird_user', `user_uuid uuid PRIMARY KEY, ${TENANT}`],
  [
    'dird_source',
    `${UUID}, ${TENANT}, name text NOT NULL, backend text NOT NULL, searched_columns text[], first_matched_columns text[], format_columns text, extra_fields json, UNIQUE (tenant_uuid, name)`,
  ],
  ['dird_contact', `${UUID}, user_uuid uuid, phonebook_uuid uuid, hash char(40) NOT NULL, UNIQUE (user_uuid, hash)`],
  ['dird_contact_fields', `${ID}, name text NOT NULL, value text, contact_uuid uuid NOT NULL`],
  [
    'dird_favorite',
    'source_uuid uuid, contact_id text, user_uuid uuid, PRIMARY KEY (source_uuid, contact_id, user_uuid)',
  ],
  ['dird_phonebook', `${UUID}, name varchar(255) NOT NULL, description text, ${TENANT}, UNIQUE (name, tenant_uuid)`],
  ['dird_display', `${UUID}, ${TENANT}, name text NOT NULL`],
  [
    'dird_display_column',
    `${UUID}, display_uuid uuid NOT NULL, field text, "default" text, title text, type text, number_display text`,
  ],
  ['dird_profile', `${UUID}, ${TENANT}, name text NOT NULL, display_uuid uuid`],
  ['dird_service', `${UUID}, name text NOT NULL UNIQUE`],
  ['dird_profile_service', `${UUID}, profile_uuid uuid NOT NULL, service_uuid uuid NOT NULL, config json`],
  ['dird_profile_service_source', 'profile_service_uuid uuid NOT NULL, source_uuid uuid NOT NULL'],
  ['alembic_version_dird', 'version_num varchar(32) PRIMARY KEY'],
];

const chat: TableList = [
  ['chatd_tenant', UUID],
  [
    'chatd_user',
    `${UUID}, ${TENANT}, state varchar(24) NOT NULL DEFAULT 'unavailable', status text, last_activity timestamptz, do_not_disturb boolean NOT NULL DEFAULT false`,
  ],
  ['chatd_session', `${UUID}, mobile boolean NOT NULL DEFAULT false, user_uuid uuid NOT NULL`],
  [
    'chatd_refresh_token',
    'client_id text, user_uuid uuid, mobile boolean NOT NULL DEFAULT false, PRIMARY KEY (client_id, user_uuid)',
  ],
  ['chatd_line', `id integer PRIMARY KEY, user_uuid uuid, endpoint_name text, media varchar(24)`],
  ['chatd_endpoint', "name text PRIMARY KEY, state varchar(24) NOT NULL DEFAULT 'unavailable'"],
  ['chatd_channel', 'name text PRIMARY KEY, state varchar(24) NOT NULL, line_id integer'],
  ['chatd_room', `${UUID}, name text, ${TENANT}`],
  [
    'chatd_room_user',
    'room_uuid uuid, uuid uuid, tenant_uuid uuid, wazo_uuid uuid, PRIMARY KEY (room_uuid, uuid, tenant_uuid, wazo_uuid)',
  ],
  [
    'chatd_room_message',
    `${UUID}, room_uuid uuid, content text, alias varchar(256), user_uuid uuid NOT NULL, ${TENANT}, wazo_uuid uuid NOT NULL, ${CREATED}`,
  ],
  ['chatd_alembic_version', 'version_num varchar(32) PRIMARY KEY'],
];

const webhooks: TableList = [
  [
    'webhookd_subscription',
    `${UUID}, name text, service text, events_user_uuid uuid, events_wazo_uuid uuid, owner_user_uuid uuid, owner_tenant_uuid uuid NOT NULL`,
  ],
  ['webhookd_subscription_event', `${UUID}, subscription_uuid uuid, event_name text NOT NULL`],
  ['webhookd_subscription_option', `${UUID}, subscription_uuid uuid, name text NOT NULL, value text`],
  [
    'webhookd_subscription_metadatum',
    `${UUID}, subscription_uuid uuid NOT NULL, key text NOT NULL, value text, UNIQUE (subscription_uuid, key)`,
  ],
  [
    'webhookd_subscription_log',
    `uuid uuid, status varchar(8), started_at timestamptz, ended_at timestamptz, attempts integer, max_attempts integer, event json, detail json, subscription_uuid uuid NOT NULL, PRIMARY KEY (uuid, started_at)`,
  ],
  ['alembic_version_webhookd', 'version_num varchar(32) PRIMARY KEY'],
];

const callLogs: TableList = [
  ['call_logd_tenant', `${UUID}, country varchar(2)`],
  [
    'call_logd_config',
    `${ID}, retention_cdr_days integer NOT NULL DEFAULT 365, retention_cdr_days_from_file boolean NOT NULL DEFAULT true, retention_export_days integer NOT NULL DEFAULT 2, retention_recording_days integer NOT NULL DEFAULT 365`,
  ],
  ['call_logd_retention', `tenant_uuid uuid NOT NULL, ${whole('cdr_days', 'recording_days', 'export_days')}`],
  [
    'call_logd_call_log',
    `${ID}, date timestamptz NOT NULL, ${texts('source_name', 'source_exten', 'source_internal_exten', 'source_internal_context', 'source_line_identity', 'source_user_uuid', 'requested_name', 'requested_exten', 'requested_context', 'requested_internal_exten', 'requested_internal_context')},
    ${texts('destination_name', 'destination_exten', 'destination_internal_exten', 'destination_internal_context', 'destination_line_identity', 'user_field')}, date_answer timestamptz, date_end timestamptz, direction call_logd_direction, ${TENANT}, conversation_id varchar(40), blocked boolean`,
  ],
  [
    'call_logd_call_log_participant',
    `${UUID}, call_log_id integer, user_uuid uuid NOT NULL, line_id integer, role call_logd_role NOT NULL, tags varchar(128)[] NOT NULL DEFAULT '{}', answered boolean NOT NULL DEFAULT false`,
  ],
  [
    'call_logd_call_log_destination',
    `${UUID}, destination_details_key varchar(32) NOT NULL, destination_details_value varchar(255) NOT NULL, call_log_id integer, UNIQUE (destination_details_key, call_log_id)`,
  ],
  [
    'call_logd_recording',
    `${UUID}, start_time timestamptz NOT NULL, end_time timestamptz NOT NULL, path text, call_log_id integer NOT NULL`,
  ],
  [
    'call_logd_export',
    `${UUID}, ${TENANT}, user_uuid uuid NOT NULL, requested_at timestamptz NOT NULL, path text, status varchar(32) NOT NULL DEFAULT 'pending'`,
  ],
  [
    'call_logd_voicemail_transcription',
    `message_id text PRIMARY KEY, ${TENANT}, text text NOT NULL, ${flags('position')}`,
  ],
  ['call_logd_alembic_version', 'version_num varchar(32) PRIMARY KEY'],
];

export const wazoTables: TableList = [...core, ...auth, ...directories, ...chat, ...webhooks, ...callLogs];
