import { createClock, type Clock } from '../../src/core/clock.js';

/** A clock that runs like the real one and can be moved. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

export function createMovableClock(): MovableClock {
  const clock = createClock();
  let offsetMs = 0;
  return {
    monotonicMs: () => clock.monotonicMs() + offsetMs,
    epochMs: () => clock.epochMs() + offsetMs,
    wallMs: () => clock.wallMs() + offsetMs,
    setEpochMs(epochMs) {
      // The time of Redis, which is read once a minute, would undo a step.
      if (offsetMs === 0) clock.setEpochMs(epochMs);
    },
    advance(ms) {
      offsetMs += ms;
    },
  };
}

/** A zone in which it is about noon, so that no test meets midnight. */
export function noonZone(): string {
  const hours = 12 - new Date().getUTCHours();
  return `UTC${hours < 0 ? '-' : '+'}${Math.abs(hours)}`;
}
