import type { Socket } from 'node:dgram';
import { ok, type Result } from '../../src/core/result.ts';
import type { MediaPlace } from '../../src/sip/sdp.ts';
import { monotonicMs, startTicker, type Ticker } from './clock.ts';
import { openUdp } from './udp.ts';

/** A pause in the incoming voice of more than `dropoutMs`; `toMs` undefined: it lasts. */
export interface Dropout {
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

export interface VoiceReport {
  readonly sent: number;
  readonly received: number;
  /** By sequence numbers. */
  readonly missing: number;
  readonly longestPauseMs: number;
  readonly dropouts: readonly Dropout[];
}

/** One call's audio: sends a tone as PCMU each 20 ms (RFC 3550, 3551) and counts what comes. */
export interface Voice {
  readonly place: MediaPlace;
  readonly talkTo: (place: MediaPlace) => void;
  readonly report: () => VoiceReport;
  readonly close: () => void;
}

/** Where its time comes from: the machine's clock, or a test. */
export interface VoiceTime {
  readonly nowMs: () => number;
  readonly startTicker: typeof startTicker;
}

const realTime: VoiceTime = { nowMs: monotonicMs, startTicker };

export interface Voices {
  readonly open: () => Promise<Result<Voice>>;
  readonly close: () => void;
}

const packetMs = 20;
const samplesPerPacket = 160;
/** What a person hears as a hole. */
const dropoutMs = 200;

/** A 400 Hz tone in PCMU: its period is 20 samples, so each packet is the same. */
const tone = Buffer.from(
  Array.from({ length: samplesPerPacket }, (_, index) => toPcmu(8000 * Math.sin((index * Math.PI) / 10))),
);

/** ITU-T G.711 µ-law of one 16-bit sample. */
function toPcmu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(32_635, Math.abs(Math.round(sample))) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

interface Stream {
  readonly socket: Socket;
  readonly source: number;
  peer: MediaPlace | undefined;
  sequence: number;
  timestamp: number;
  sent: number;
}

/** All voices of one address; one ticker sends for all. */
export function createVoices(localAddress: string, time: VoiceTime = realTime): Voices {
  const streams = new Set<Stream>();
  let ticker: Ticker | undefined;
  const tick = (): void => {
    for (const stream of streams) sendPacket(stream);
  };
  return {
    close: () => {
      ticker?.stop();
      for (const { socket } of streams) socket.close();
      streams.clear();
    },
    open: async () => {
      const opened = await openUdp(localAddress);
      if (!opened.ok) return opened;
      const socket = opened.value;
      const source = Math.floor(Math.random() * 2 ** 32);
      const stream: Stream = { socket, source, peer: undefined, sequence: 0, timestamp: 0, sent: 0 };
      const ear = createEar(time.nowMs);
      socket.on('message', ear.hear);
      streams.add(stream);
      ticker ??= time.startTicker(packetMs, tick, 5);
      return ok({
        place: { address: localAddress, port: socket.address().port },
        talkTo: (place) => {
          stream.peer = place;
          ear.listen();
        },
        report: () => ({ sent: stream.sent, ...ear.report() }),
        close: () => {
          ear.finish();
          if (streams.delete(stream)) socket.close();
          if (streams.size > 0) return;
          ticker?.stop();
          ticker = undefined;
        },
      });
    },
  };
}

function sendPacket(stream: Stream): void {
  if (stream.peer === undefined) return;
  const packet = Buffer.allocUnsafe(12 + samplesPerPacket);
  packet[0] = 0x80;
  // The marker bit begins a talk spurt.
  packet[1] = stream.sent === 0 ? 0x80 : 0;
  packet.writeUInt16BE(stream.sequence, 2);
  packet.writeUInt32BE(stream.timestamp, 4);
  packet.writeUInt32BE(stream.source, 8);
  tone.copy(packet, 12);
  stream.sequence = (stream.sequence + 1) & 0xffff;
  stream.timestamp = (stream.timestamp + samplesPerPacket) >>> 0;
  stream.sent += 1;
  stream.socket.send(packet, stream.peer.port, stream.peer.address, () => undefined);
}

interface Ear {
  readonly hear: (packet: Buffer) => void;
  /** From now on voice is expected. */
  readonly listen: () => void;
  readonly finish: () => void;
  readonly report: () => Omit<VoiceReport, 'sent'>;
}

function createEar(now: () => number): Ear {
  let lastMs: number | undefined;
  let endedMs: number | undefined;
  let lastSequence: number | undefined;
  let received = 0;
  let missing = 0;
  let longestPauseMs = 0;
  const dropouts: Dropout[] = [];
  return {
    listen: () => {
      lastMs ??= now();
    },
    finish: () => {
      endedMs ??= now();
    },
    hear: (packet) => {
      if (packet.length < 12 || ((packet[0] ?? 0) & 0xc0) !== 0x80 || endedMs !== undefined) return;
      const nowMs = now();
      const pauseMs = nowMs - (lastMs ?? nowMs);
      if (pauseMs > dropoutMs) dropouts.push({ fromMs: lastMs ?? nowMs, toMs: nowMs });
      longestPauseMs = Math.max(longestPauseMs, pauseMs);
      lastMs = nowMs;
      const sequence = packet.readUInt16BE(2);
      const step = lastSequence === undefined ? 1 : (sequence - lastSequence + 0x10000) & 0xffff;
      // A step of more than half the range is a packet that was overtaken; of thousands, a new stream.
      if (step > 1 && step < 3000) missing += step - 1;
      if (step < 0x8000) lastSequence = sequence;
      received += 1;
    },
    report: () => {
      const openMs = lastMs === undefined ? 0 : (endedMs ?? now()) - lastMs;
      const open = openMs > dropoutMs && lastMs !== undefined ? [{ fromMs: lastMs, toMs: undefined }] : [];
      return { received, missing, longestPauseMs: Math.max(longestPauseMs, openMs), dropouts: [...dropouts, ...open] };
    },
  };
}
