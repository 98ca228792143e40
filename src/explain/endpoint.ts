/** Address and port as one text. */

/** `10.0.0.5:53`, `[fd00::5]:53`; without a port the address alone. */
export function formatEndpoint(ip: string, port: number | null): string {
  if (port === null) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
