/** The units that an agent, its checkpoint and its telephony are. */
export const agentUnit = 'dualtone.service';
/** Closes the gate at boot, before Asterisk starts. */
export const gateUnit = 'dualtone-gate.service';
export const checkpointUnit = 'dualtone-checkpoint.service';
export const pbxUnit = 'asterisk.service';
