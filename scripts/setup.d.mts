/** The path of an installed tool, or undefined. */
export function findTool(tool: 'chromium' | 'redis'): string | undefined;
