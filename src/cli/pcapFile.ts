/** The file of `--pcap`, while a run writes into it. */
import { UsageError } from '../index.ts';
import { show } from './argv.ts';
import type { Io, Output } from './io.ts';
import { systemError } from './scanArguments.ts';

/** Where a run is recorded (`--pcap`). */
export interface Recording {
  readonly name: string;
  readonly write: (bytes: Uint8Array) => void;
  /** Closes the file, once; false where it is not whole, which is told. */
  end(): boolean;
}

/** Opens the file of `--pcap`; undefined where none was asked for. Throws a UsageError where it cannot be written. */
export function openRecording(pcap: string | undefined, io: Io): Recording | undefined {
  if (pcap === undefined) return undefined;
  let output: Output;
  try {
    output = io.openOutput(pcap);
  } catch (cause) {
    const why = systemError(cause);
    throw new UsageError(`--pcap cannot write ${show(pcap)}: ${why}`, { cause });
  }
  let isWhole: boolean | undefined;
  return {
    name: pcap,
    write: output.write,
    end() {
      if (isWhole !== undefined) return isWhole;
      const failure = output.close();
      isWhole = failure === null;
      if (!isWhole) {
        const why = systemError(failure);
        io.stderr(
          `pu-probe: cannot write ${show(pcap)}: ${why}; the recording ends before the run\n`,
        );
      }
      return isWhole;
    },
  };
}
