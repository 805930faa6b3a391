import { describe, expect, it } from 'vitest';
import { readZone } from '../../src/config.js';

describe('A zone', () => {
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
  ])('"%s" is %s', (text, zone) => {
    expect(readZone(text)).toBe(zone);
  });

  it.each([
    [''],
    ['-15:00'],
    ['+14:01'],
    ['-05:60'],
    ['05:00'],
    ['Bogota/America'],
    ['local'],
    ['system'],
    ['-'],
    ['-05:00x'],
  ])('"%s" is none', (text) => {
    expect(readZone(text)).toBeUndefined();
  });
});
