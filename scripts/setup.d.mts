/** The path of an installed program; undefined if there is none. */
export function findTool(tool: 'chromium' | 'redis' | 'openssl' | 'promtool' | 'curl' | 'jq'): string | undefined;
