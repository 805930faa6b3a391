import { describe, expect, it } from 'vitest';
import { readZone } from '../../../src/config/zone.js';

describe('time zone', () => {
  it.each([
    ['-05:00', 'UTC-05:00'],
    ['+5:30', 'UTC+05:30'],
    ['-0500', 'UTC-05:00'],
    ['UTC-5', 'UTC-05:00'],
    ['gmt+14', 'UTC+14:00'],
    ['+00:00', 'UTC'],
    ['-00:00', 'UTC'],
    [' America/Bogota ', 'America/Bogota'],
    ['UTC', 'UTC'],
  ])('reads "%s" as %s', (text, zone) => {
    expect(readZone(text)).toBe(zone);
  });

  it.each([
    [''],
    ['Mars/Olympus'],
    ['-15:00'],
    ['+14:01'],
    ['-05:60'],
    ['05:00'],
    ['Bogota/America'],
    ['local'],
    ['system'],
    ['-'],
    ['-05:00x'],
  ])('refuses "%s"', (text) => {
    expect(() => readZone(text)).toThrow('expected an IANA name');
  });
});
