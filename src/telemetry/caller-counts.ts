import type { Caller } from '../core/answer.js';
import type { Observe } from '../core/events.js';
import type { CallerUse, ClientUse } from '../core/status.js';

/** Names of clients, and names of operations, that are counted by themselves. Later names count as `other`. */
const MAX_NAMES = 50;

export interface CallerCounts {
  readonly observe: Observe;
  /** Who caused calls or was refused, as `ServiceStatus.clients` describes it. */
  read(): readonly ClientUse[];
}

interface Counts {
  calls: number;
  refusals: number;
}

/**
 * Counts calls and refusals by the names of clients and of their operations. A call counts for the operation that
 * caused it, when it ends; others may share its answer. A call of which no byte was sent does not count.
 */
export function createCallerCounts(): CallerCounts {
  const clientNames = createNames();
  const operationNames = createNames();
  /** By the names of clients, then of operations. */
  const counts = new Map<string, Map<string, Counts>>();

  return {
    observe(event) {
      switch (event.event) {
        case 'call.answered':
          countsOf(event.operation).calls += 1;
          break;
        case 'call.failed':
          if (event.reason !== 'not-connected') countsOf(event.operation).calls += 1;
          break;
        case 'lookup.refused':
          countsOf(event.operation).refusals += 1;
          break;
        // The other events are no calls and no refusals.
        default:
      }
    },
    read() {
      const clients = [...counts].map(([name, byOperation]) => {
        const operations = [...byOperation].map(([operation, count]) => ({ name: operation, ...count }));
        return { ...sum(name, operations), operations: operations.sort(byCalls) };
      });
      return clients.sort(byCalls);
    },
  };

  function countsOf(caller: Caller = {}): Counts {
    const client = clientNames.bounded(caller.clientName);
    const operation = operationNames.bounded(caller.operationName);
    const byOperation = counts.get(client) ?? new Map<string, Counts>();
    counts.set(client, byOperation);
    const found = byOperation.get(operation) ?? { calls: 0, refusals: 0 };
    byOperation.set(operation, found);
    return found;
  }
}

/** The operations of all clients, by their names. */
export function operationsOf(clients: readonly ClientUse[]): readonly CallerUse[] {
  const byName = new Map<string, CallerUse>();
  for (const use of clients.flatMap(({ operations }) => operations)) {
    const before = byName.get(use.name);
    byName.set(use.name, before === undefined ? use : sum(use.name, [before, use]));
  }
  return [...byName.values()];
}

function sum(name: string, uses: readonly CallerUse[]): CallerUse {
  return {
    name,
    calls: uses.reduce((total, { calls }) => total + calls, 0),
    refusals: uses.reduce((total, { refusals }) => total + refusals, 0),
  };
}

function byCalls(one: CallerUse, other: CallerUse): number {
  return other.calls - one.calls || other.refusals - one.refusals;
}

function createNames(): { bounded(name: string | undefined): string } {
  const known = new Set<string>();
  return {
    bounded(name) {
      if (name === undefined) return 'unnamed';
      if (known.size < MAX_NAMES) known.add(name);
      return known.has(name) ? name : 'other';
    },
  };
}
