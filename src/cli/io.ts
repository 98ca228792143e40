/** A file that is written piece by piece. */
export interface Output {
  /** Writes a piece whole; once one has failed, further ones are dropped. */
  write(bytes: Uint8Array): void;
  /** Closes the file; returns the error of the system that ended the writing, or null. */
  close(): unknown;
}

/** What the command line needs of a process; tests hand in their own. */
export interface Io {
  /** Resolve when the text was taken; a reader that is slow is waited for. */
  readonly stdout: (text: string) => Promise<void>;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTty: { readonly stdout: boolean; readonly stderr: boolean };
  /** Columns of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  /** The text of a file, `-` for standard input. Rejects with the error of the system, which has a `code`. */
  readonly readFile: (path: string) => Promise<string>;
  /** The bytes of a file piece by piece, `-` for standard input. Rejects like `readFile`. */
  readonly readChunks: (path: string) => AsyncIterable<Uint8Array>;
  /** Rejects when the file could not be written later. Leaves its content alone. */
  readonly checkWritable: (path: string) => Promise<void>;
  /** Writes the file whole, or rejects and leaves what was there. */
  readonly writeFile: (path: string, chunks: Iterable<string>) => Promise<void>;
  /** Creates the file, or empties it, and takes bytes as they come. Throws the error of the system, which has a `code`. */
  readonly openOutput: (path: string) => Output;
  /** Calls back at every interrupt (Ctrl-C); returns how to stop that. */
  readonly onInterrupt: (handler: () => void) => () => void;
}
