import type { FaultName } from './faults.js';
import type { LoggedRequest } from './request-log.js';
import type { Exchange, PlainResponse } from './response.js';
import type { Latency } from './settings.js';

/** A request to a page of the API. */
export interface ApiRequest extends Exchange {
  readonly token: string;
  readonly fault: FaultName | null;
  readonly latency: Latency;
}

/** Responds to an accepted request, by default with status 200. Undefined: the search responds. */
export type Responder = (request: LoggedRequest) => CustomResponse | undefined | Promise<CustomResponse | undefined>;
type CustomResponse = Partial<PlainResponse> & Pick<PlainResponse, 'body'>;
