import type { Protocol } from '../model.ts';

/**
 * The ports that are asked when the user names none: what an engineer meets on servers, network equipment, printers and
 * in clusters, chosen by service. Grouped by what they are for; the first lines of each are the short list (`-F`).
 */
const TCP_SHORT = [
  // Remote access, mail, names, web, files, directories.
  22, 23, 25, 53, 80, 443, 110, 143, 445, 139, 135, 21, 389, 636, 587, 993, 995, 3389, 5900,
  // Databases and queues, web on other ports, control planes.
  3306, 5432, 1433, 1521, 6379, 27017, 5672, 9092, 1883, 8080, 8443, 8000, 8888, 9090, 9200, 6443,
];

const TCP_MORE = [
  // Old internet services and mail variants.
  7, 13, 37, 79, 111, 113, 119, 179, 465, 513, 514, 515, 548, 554, 631, 853, 873, 989, 990, 992,
  // Windows, storage, VPN, telephony.
  88, 464, 593, 902, 1080, 1194, 1720, 1723, 2049, 3260, 5060, 5061, 5222, 5269, 5985, 5986, 6000,
  // Containers, clusters, monitoring, build and log servers.
  2375, 2376, 2379, 2380, 3000, 3128, 4443, 5000, 5601, 8008, 8081, 8086, 8140, 8200, 8500, 8883,
  9000, 9042, 9093, 9100, 9300, 9418, 10000, 10050, 10250, 11211, 15672,
  // Industrial and building control.
  102, 502,
];

const UDP_SHORT = [
  // Names, time, addresses, management, web, VPN.
  53, 123, 67, 161, 137, 443, 500, 514, 1900, 5353, 4500, 51820,
];

const UDP_MORE = [
  // Internet and local services.
  7, 19, 68, 69, 88, 111, 138, 162, 177, 319, 320, 389, 427, 464, 520, 546, 547, 623, 631, 1194,
  1434, 1701, 1812, 1813,
  // Media, overlay networks, telemetry, things.
  2055, 2152, 3478, 3784, 4789, 5060, 5351, 5355, 5683, 6081, 6343, 11211, 47808,
];

/** The ports asked without `-p`, in the order in which they are asked; `short` is the list of `-F`. */
export function listedPorts(protocol: Protocol, list: 'default' | 'short'): readonly number[] {
  const short = protocol === 'tcp' ? TCP_SHORT : UDP_SHORT;
  if (list === 'short') return short;
  return [...short, ...(protocol === 'tcp' ? TCP_MORE : UDP_MORE)];
}
