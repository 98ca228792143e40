/** `--wire sim:FILE`: a world in a JSON file instead of the network. */
import { UsageError } from '../errors.ts';
import type { Ip, Plan, Wire } from '../model.ts';
import { formatIp } from '../packet/address.ts';
import type { World } from '../sim/world.ts';
import type { OpenedWire } from './openWire.ts';
import { openSimWire, type SimView } from './simWire.ts';

const VIEWS: ReadonlySet<string> = new Set(['packet', 'errqueue', 'connect']);

/** Our port in the simulated world. */
const SIM_SRC_PORT = 40_000;

/** Splits `FILE#VIEW`; the view is what the named wire would see, `packet` without one. */
export function splitView(text: string): { readonly file: string; readonly view: SimView } {
  const at = text.lastIndexOf('#');
  if (at < 0) return { file: text, view: 'packet' };
  const view = text.slice(at + 1);
  if (!VIEWS.has(view)) {
    throw new UsageError(`unknown view '${view}' of a simulation: packet, errqueue or connect`);
  }
  return { file: text.slice(0, at), view: view as SimView };
}

/** Opens a world, looked at as the named wire would; `lanes`: source ports of its packet wire, 8 unless given. */
export function openSimulation(
  plan: Plan,
  world: World,
  view: SimView,
  lanes?: number,
): OpenedWire {
  const [keyHi, keyLo] = plan.seed;
  const srcPort = view === 'packet' ? SIM_SRC_PORT : 0;
  const wire = openSimWire({
    world,
    view,
    seed: keyLo,
    targets: plan.targets,
    ...(lanes === undefined ? {} : { lanes }),
    identity: { srcPort, keyHi, keyLo },
  });
  const { address } = world.scanner;
  const own: readonly Ip[] = [formatIp(address[4].bytes, 0, 4), formatIp(address[6].bytes, 0, 6)];
  const ordinary = (): Wire =>
    openSimWire({ world, view: 'errqueue', seed: keyLo, targets: plan.targets });
  const opened = { wire, ownAddresses: new Set(own), srcPort, warnings: [] };
  return view === 'packet' ? { ...opened, ordinary } : opened;
}
