/** A capture file, in chunks, to the report of `explain`: reader -> link layer -> engine -> words. */
import { UsageError } from './errors.ts';
import type { CapturedPacket } from './explain/captureTables.ts';
import { createExplainer } from './explain/explainer.ts';
import type { ExplainReport } from './explain/finding.ts';
import type { Narrowing } from './explain/narrowing.ts';
import type { CaptureFault, CaptureFrame, CaptureStatistics } from './packet/capture.ts';
import { createCaptureReader } from './packet/captureReader.ts';
import { createLinkView, isIp, readLink } from './packet/linkLayer.ts';
import { buildExplainReport, type ExplainHead } from './report/explainReport.ts';
import { VERSION } from './version.ts';

/** What to explain of a capture. */
export interface ExplainOptions {
  /** Null: all of it. */
  readonly narrowing: Narrowing | null;
  /** What messages call the file. */
  readonly name: string;
}

/** What the engine takes from outside: it knows no calendar. */
export type ToTime = ExplainHead['toTime'];

/**
 * Explains a pcap or pcapng file that comes in chunks of any size.
 *
 * Rejects with a UsageError when it is no capture, and with the source's own errors. A file that ends early is explained
 * as far as it goes, with `complete: false` and a warning.
 */
export async function explainCapture(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { narrowing, name }: ExplainOptions,
  toTime: ToTime,
): Promise<ExplainReport> {
  const explainer = createExplainer(narrowing);
  const taking = createTaking(explainer.take);
  const reader = createCaptureReader({ frame: taking.frame, statistics: taking.statistics });
  for await (const chunk of chunks) if (!reader.push(chunk)) break;
  const fault = reader.end();
  if (fault !== null && taking.frames() === 0) {
    throw new UsageError(`${name} cannot be read as a capture: ${describe(fault)}`);
  }
  return buildExplainReport(explainer.result(), {
    tool: { name: 'pu-probe', version: VERSION },
    complete: fault === null,
    toTime,
    warnings: [
      ...(fault === null ? [] : [`the file could be read no further than ${describe(fault)}`]),
      ...taking.warnings(),
    ],
  });
}

function describe({ reason, offsetBytes }: CaptureFault): string {
  return `${reason} (at byte ${offsetBytes})`;
}

interface Taking {
  frame(frame: CaptureFrame): void;
  statistics(statistics: CaptureStatistics): void;
  readonly frames: () => number;
  readonly warnings: () => string[];
}

/** Unwraps frames; what holds no IP packet is counted. */
function createTaking(take: (packet: CapturedPacket) => void): Taking {
  const link = createLinkView();
  const packet: CapturedPacket = { bytes: new Uint8Array(0), at: 0, end: 0, atMs: 0, frame: 0 };
  const unknownLinks = new Set<number>();
  let frames = 0;
  let otherFrames = 0;
  let dropped = 0;
  return {
    frame(frame) {
      frames++;
      const { bytes, at, end, interface: from } = frame;
      if (!readLink(bytes, at, end, from.linkType, link)) {
        otherFrames++;
        unknownLinks.add(from.linkType);
        return;
      }
      if (!isIp(link)) return;
      packet.bytes = bytes;
      packet.at = link.payloadAt;
      packet.end = end;
      packet.frame = frame.number;
      // Without a stamp a packet counts as simultaneous with the one before.
      if (!Number.isNaN(frame.seconds)) {
        packet.atMs = frame.seconds * 1000 + frame.nanoseconds / 1e6;
      }
      take(packet);
    },
    statistics(counted) {
      dropped += counted.dropped ?? 0;
    },
    frames: () => frames,
    warnings: () => [
      ...(dropped > 0
        ? [`the capture itself lost ${dropped} packets: what seems unanswered may be one of them`]
        : []),
      ...(otherFrames > 0
        ? [
            `${otherFrames} frames were left out: link type ${[...unknownLinks].join(', ')} is not read here, or they are cut within its header`,
          ]
        : []),
    ],
  };
}
