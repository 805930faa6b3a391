import { DateTime } from 'luxon';
import { WrongValue } from './values.js';

/**
 * The luxon name of a zone that is written as an offset (`-05:00`, `-0500`, `UTC-5`) or as an IANA name. Offsets go up
 * to 14 hours.
 */
export function readZone(text: string): string {
  const zone = findZone(text.trim());
  if (zone !== undefined) return zone;
  throw new WrongValue('expected an IANA name such as America/Bogota or an offset such as -05:00');
}

function findZone(text: string): string | undefined {
  const offset = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?$/i.exec(text);
  if (offset !== null) {
    const [, sign = '+', hours = '0', minutes = '00'] = offset;
    const total = Number(hours) * 60 + Number(minutes);
    if (total > 14 * 60) return undefined;
    return total === 0 ? 'UTC' : `UTC${sign}${hours.padStart(2, '0')}:${minutes}`;
  }
  // luxon reads "local" and "system" as the zone of the machine, which says nothing about Wolkvox.
  if (/^(?:local|system|default)$/i.test(text)) return undefined;
  return text !== '' && DateTime.fromMillis(0, { zone: text }).isValid ? text : undefined;
}
