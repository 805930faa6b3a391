import { FAILURES, type FailureCode } from './failure.js';

/** The codes of a request that is wrong, beside those of a lookup. The list is closed. */
export const REQUEST_ERROR_CODES = [
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
] as const;

/** Every `extensions.code` of a response. `OTHER` counts codes that are not on the list; there should be none. */
export type ErrorCode =
  FailureCode | (typeof REQUEST_ERROR_CODES)[number] | 'UNAUTHENTICATED' | 'INTERNAL_SERVER_ERROR' | 'OTHER';

export const ERROR_CODES: readonly ErrorCode[] = [
  ...new Set<ErrorCode>([
    ...Object.values(FAILURES).map(({ code }) => code),
    ...REQUEST_ERROR_CODES,
    'UNAUTHENTICATED',
    'INTERNAL_SERVER_ERROR',
    'OTHER',
  ]),
];

/** How many errors of a response have each code. */
export type ErrorCounts = Readonly<Partial<Record<ErrorCode, number>>>;

/** Counts the errors of a response by their codes. */
export function countErrors(
  errors: readonly { readonly extensions?: Readonly<Record<string, unknown>> | undefined }[],
): ErrorCounts {
  const counts: Partial<Record<ErrorCode, number>> = {};
  for (const { extensions } of errors) {
    const code = ERROR_CODES.find((known) => known === extensions?.['code']) ?? 'OTHER';
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

/** The first code that concerns the operator, else the first one. */
export function worstOf(errors: ErrorCounts): ErrorCode {
  const codes = Object.keys(errors) as ErrorCode[];
  return codes.find(concernsOperator) ?? codes[0] ?? 'OTHER';
}

/** Whether it concerns the operator: Wolkvox, the connection to it, or this service failed. Others are the caller's. */
export function concernsOperator(code: ErrorCode): boolean {
  return /^UPSTREAM_/.test(code) || code === 'INTERNAL_SERVER_ERROR' || code === 'OTHER';
}
