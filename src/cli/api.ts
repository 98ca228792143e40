import type * as library from '../index.ts';

/** The part of the library that the commands call; tests hand in their own. */
export type Api = Pick<
  typeof library,
  | 'scan'
  | 'trace'
  | 'discover'
  | 'planScan'
  | 'sparedPorts'
  | 'replay'
  | 'renderText'
  | 'renderPaths'
  | 'jsonChunks'
  | 'startRecord'
  | 'verdictRecord'
  | 'hostRecord'
  | 'pathRecord'
  | 'warningRecord'
  | 'endRecord'
  | 'nameOfPort'
  | 'explainCapture'
  | 'explainJson'
  | 'renderExplainText'
>;
