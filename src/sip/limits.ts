/** Sizes beyond which a SIP message is refused. RFC 3261 names none; no telephone comes near these. */
export const headerBytesMax = 65_536;
export const headerCountMax = 256;
export const bodyBytesMax = 65_536;
/** RFC 3261 8.1.1.5: a sequence number is less than 2**31. */
export const sequenceMax = 2 ** 31 - 1;
/** RFC 3261 20.19: a number of seconds fits 32 bits. */
export const secondsMax = 2 ** 32 - 1;
