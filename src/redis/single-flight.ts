import { randomUUID } from 'node:crypto';
import { abortable } from '../core/abort.js';
import type { Reply, SharedCallLayer, SharedCallOptions, SharedRequest, Source } from '../core/answer.js';
import { FAILURES, LookupFailure, type FailureKind } from '../core/failure.js';
import type { SharedAnswers } from './answers.js';
import type { Connection } from './connection.js';
import type { Leases } from './leases.js';
import { prefixOf, type RedisOptions } from './options.js';
import { createWakeableTimer, type WakeableTimer } from './timer.js';

export interface SingleFlight {
  /** Outside the call queue: waits for the call of another replica, then tries again. */
  readonly awaitOthers: SharedCallLayer;
  /** Inside the call queue: takes the request's lease, or makes its call leave the queue. */
  readonly lead: SharedCallLayer;
}

/** A waiter looks again at the leader's message, and after 1 to 2 times this, because a message may be lost. */
const POLL_MS = 500;

/** A failure of the leader's call, which was sent at `startedAt` or later. Epoch milliseconds. */
interface PublishedFailure {
  readonly startedAt: number;
  readonly failure: LookupFailure;
}

interface Waiter {
  /** The key of the lease. */
  lease: string;
  failure: PublishedFailure | undefined;
  readonly timer: WakeableTimer;
}

/** Another call has the lease. Thrown by `lead`, it passes through the call queue to `awaitOthers`. */
class LedByAnother extends Error {}

/** Equal requests of all replicas share a call. The holder of the request's lease makes it and stores the answer. */
export function createSingleFlight(
  connection: Connection,
  leases: Leases,
  answers: SharedAnswers,
  { account, clock }: RedisOptions,
): SingleFlight {
  const channel = `${prefixOf('account', account)}answered`;
  const waiters = new Set<Waiter>();
  connection.listen(channel, (message) => {
    const [lease, failure] = readMessage(message);
    for (const waiter of waiters) {
      if (waiter.lease !== lease) continue;
      waiter.failure = failure ?? waiter.failure;
      waiter.timer.wake();
    }
  });

  /** @returns undefined if no call has the lease any more */
  async function waitForLeader(
    request: SharedRequest,
    { minSentAt, signal }: SharedCallOptions,
  ): Promise<Reply | undefined> {
    const waiter: Waiter = { lease: '', failure: undefined, timer: createWakeableTimer() };
    waiters.add(waiter);
    try {
      for (;;) {
        // They change with an erasure.
        const keys = answers.keysOf(request);
        waiter.lease = keys.lease;
        const found = await answers.look(keys, minSentAt);
        if (found === 'free') return undefined;
        if (found !== 'led') return found;
        await abortable(waiter.timer.wait(POLL_MS * (1 + Math.random())), signal);
        // A failure of a call that was sent before `minSentAt` does not count for this caller.
        const published = waiter.failure;
        if (published !== undefined && published.startedAt >= minSentAt) throw published.failure;
      }
    } finally {
      waiters.delete(waiter);
    }
  }

  return {
    awaitOthers: <Request extends SharedRequest, Options extends SharedCallOptions, Result extends Reply>(
      next: Source<Request, Options, Result>,
    ) => ({
      async find(request: Request, options: Options): Promise<Result> {
        // Without Redis the request fails here at once, and does not wait for its turn in the queue.
        connection.checkUp();
        for (;;) {
          try {
            return await next.find(request, options);
          } catch (error) {
            if (!(error instanceof LedByAnother)) throw error;
          }
          const answer = await waitForLeader(request, options);
          if (answer !== undefined) return answer as Result;
        }
      },
    }),
    lead: <Request extends SharedRequest, Options extends SharedCallOptions, Result extends Reply>(
      next: Source<Request, Options, Result>,
    ) => ({
      async find(request: Request, options: Options): Promise<Result> {
        connection.checkUp();
        const keys = answers.keysOf(request);
        const token = randomUUID();
        const startedAt = clock.epochMs();
        const leaseOptions = { key: keys.lease, token, setAt: clock.monotonicMs(), channel };
        const found = await answers.look(keys, options.minSentAt, token).catch((error: unknown) => {
          // The command may have taken the lease, although its reply was lost.
          leases.keep(leaseOptions).release(keys.lease);
          throw error;
        });
        if (found === 'led') throw new LedByAnother();
        if (found !== 'free') return found as Result;
        // If the lease is lost, another replica may make a second call. It costs one more call of the day.
        const lease = leases.keep(leaseOptions);
        let message = keys.lease;
        try {
          const answer = await next.find(request, options);
          // The answer is stored before it is returned, so that no later read of Redis gets an older one.
          await answers.write(request, keys, answer);
          return answer;
        } catch (error) {
          message = failureMessage(keys.lease, startedAt, error);
          throw error;
        } finally {
          lease.release(message);
        }
      },
    }),
  };
}

/** Publishes only a failure of a call. After any other end, the callers that wait make a call of their own. */
function failureMessage(lease: string, startedAt: number, error: unknown): string {
  if (!(error instanceof LookupFailure)) return lease;
  const { kind, endsCall, retryAfterSeconds = 0, message } = error;
  return endsCall && kind !== 'lease-lost' ? `${lease} ${startedAt} ${kind} ${retryAfterSeconds} ${message}` : lease;
}

/** A message of another version may have any form. */
function readMessage(text: string): [lease: string, failure: PublishedFailure | undefined] {
  const [lease = '', startedAt, kind = '', seconds, ...words] = text.split(' ');
  if (!Object.hasOwn(FAILURES, kind)) return [lease, undefined];
  const details = { retryAfterSeconds: Number(seconds) || undefined, message: words.join(' '), isShared: true };
  return [lease, { startedAt: Number(startedAt), failure: new LookupFailure(kind as FailureKind, details) }];
}
