import { isIP } from 'node:net';

export interface MediaPlace {
  readonly address: string;
  readonly port: number;
}

/** An offer or answer of one PCMU stream (payload type 0) that is received at `place`. */
export function writeSdp({ address, port }: MediaPlace): Buffer {
  const version = address.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=- ${port} 1 IN ${version} ${address}`,
    's=-',
    `c=IN ${version} ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    'a=rtpmap:0 PCMU/8000',
    'a=ptime:20',
    'a=sendrecv',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}

/** Where the other side wants its audio; undefined if it offers none that is PCMU, or the text is no SDP. */
export function readSdp(body: Uint8Array): MediaPlace | undefined {
  let session: string | undefined;
  let inAudio = false;
  let address: string | undefined;
  let port = 0;
  for (const line of Buffer.from(body).toString('latin1').split(/\r?\n/)) {
    const connection = /^c=IN IP[46] ([0-9A-Fa-f.:]+)$/.exec(line)?.[1];
    const media = /^m=(\w+) ([0-9]{1,5})(?:\/1)? RTP\/AVP((?: [0-9]{1,3})+)$/.exec(line);
    if (line.startsWith('m=')) {
      inAudio = port === 0 && media?.[1] === 'audio' && (media[3] ?? '').split(' ').includes('0');
      if (inAudio) port = Number(media?.[2]);
    }
    if (connection !== undefined && line.startsWith('c=')) {
      if (inAudio) address = connection;
      else if (port === 0) session ??= connection;
    }
  }
  const place = address ?? session;
  if (place === undefined || isIP(place) === 0 || port < 1 || port > 65_535) return undefined;
  return { address: place, port };
}
