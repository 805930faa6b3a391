import type { FaultName } from './faults.js';
import { createRandom } from './random.js';
import type { SimulatorSettings } from './settings.js';
import type { Lookup } from './store.js';

type FaultRequest = Lookup & { readonly api: string };
/** The requests that a fault applies to: those with these criteria, as sent. */
type FaultMatch = Partial<FaultRequest>;

/** Chooses the fault of each request. */
export function createFaultSchedule(settings: SimulatorSettings, seed: number) {
  let scheduled: { readonly name: FaultName; readonly when: FaultMatch; times: number }[] = [];
  let random = createRandom(seed, 21);

  function byChance(): FaultName | null {
    const at = random(1_000_000) / 1_000_000;
    let sum = 0;
    const chances = Object.entries(settings.faultChances) as [FaultName, number][];
    return chances.find(([, chance]) => at < (sum += chance))?.[0] ?? null;
  }

  return {
    /** Applies to the next `times` matching requests (default 1). Several faults wait in order. */
    next(name: FaultName, { times = 1, when = {} }: { times?: number; when?: FaultMatch } = {}): void {
      scheduled.push({ name, when, times });
    },
    /** Applies to every matching request until `clear`, except those that a fault of `next` applies to. */
    always(name: FaultName, { when = {} }: { when?: FaultMatch } = {}): void {
      scheduled.push({ name, when, times: Infinity });
    },
    /** Sets the setting `faultChances`. The same seed gives the same faults. */
    random(chances: SimulatorSettings['faultChances'], chanceSeed = seed): void {
      random = createRandom(chanceSeed, 21);
      settings.faultChances = chances;
    },
    /** Removes the scheduled faults, and those of the settings `fault` and `faultChances`. */
    clear(): void {
      scheduled = [];
      Object.assign(settings, { fault: null, faultChances: {} });
    },
    /** The fault of a request, or null. Counts down the faults of `next`. */
    choose(request: FaultRequest): FaultName | null {
      const keys = ['api', 'campaignId', 'phone', 'customerId'] as const;
      const matching = scheduled.filter(
        ({ when, times }) => times > 0 && keys.every((key) => (when[key] ?? request[key]) === request[key]),
      );
      const chosen = matching.find(({ times }) => times < Infinity) ?? matching[0];
      if (chosen === undefined) return settings.fault ?? byChance();
      chosen.times -= 1;
      return chosen.name;
    },
  };
}
