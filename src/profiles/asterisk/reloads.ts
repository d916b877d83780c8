/**
 * What Asterisk keeps in memory of its files, by the files it is made of. Modules that a server does not have are passed over. Left out:
 * modules.conf, asterisk.conf and certificates, which only a restart reads again, and scripts and sounds, which are read at each call.
 */
export const asteriskFileReloads = [
  {
    paths: ['/etc/asterisk/extensions*', '/etc/asterisk/*.ael', '/etc/asterisk/*.lua'],
    asterisk: ['pbx_config.so', 'pbx_ael.so', 'pbx_lua.so'],
  },
  { paths: ['/etc/asterisk/pjsip*'], asterisk: ['res_pjsip.so'] },
  { paths: ['/etc/asterisk/sip*'], asterisk: ['chan_sip.so'] },
  { paths: ['/etc/asterisk/iax*'], asterisk: ['chan_iax2.so'] },
  { paths: ['/etc/asterisk/sccp*'], asterisk: ['chan_sccp.so'] },
  { paths: ['/etc/asterisk/queue*', '/etc/asterisk/agents*'], asterisk: ['app_queue.so', 'app_agent_pool.so'] },
  { paths: ['/etc/asterisk/voicemail*'], asterisk: ['app_voicemail.so'] },
  { paths: ['/etc/asterisk/musiconhold*', '/var/lib/asterisk/moh/*'], asterisk: ['res_musiconhold.so'] },
  { paths: ['/etc/asterisk/confbridge*', '/etc/asterisk/meetme*'], asterisk: ['app_confbridge.so', 'app_meetme.so'] },
  { paths: ['/etc/asterisk/features*', '/etc/asterisk/res_parking*'], asterisk: ['features', 'res_parking.so'] },
  { paths: ['/etc/asterisk/followme*'], asterisk: ['app_followme.so'] },
  { paths: ['/etc/asterisk/manager*'], asterisk: ['manager'] },
  { paths: ['/etc/asterisk/ari*'], asterisk: ['res_ari.so'] },
  { paths: ['/etc/asterisk/cel*'], asterisk: ['cel'] },
  { paths: ['/etc/asterisk/cdr*'], asterisk: ['cdr'] },
  { paths: ['/etc/asterisk/rtp*'], asterisk: ['res_rtp_asterisk.so'] },
  { paths: ['/etc/asterisk/acl*'], asterisk: ['acl'] },
] as const;
