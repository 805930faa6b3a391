/** A pause that can be ended early. */
export interface WakeableTimer {
  /** Resolves after `ms` or at a `wake`; at once if `wake` was called since the last wait. */
  wait(ms: number): Promise<void>;
  wake(): void;
}

export function createWakeableTimer(): WakeableTimer {
  let isAwake = false;
  let endWait = (): void => undefined;
  return {
    async wait(ms) {
      const timer = setTimeout(() => endWait(), isAwake ? 0 : ms);
      await new Promise<void>((resolve) => (endWait = resolve));
      clearTimeout(timer);
      isAwake = false;
    },
    wake() {
      isAwake = true;
      endWait();
    },
  };
}
