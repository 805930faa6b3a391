/** Names every wrong variable and what was expected. The message holds no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map((problem) => `  - ${problem}`).join('\n');
    super(`The configuration is wrong. Correct these environment variables:\n${lines}`);
    this.problems = problems;
  }
}

/** The first problem of each variable. */
export class Problems {
  readonly #problems = new Map<string, string>();
  readonly #ignored = new Set<string>();

  add(name: string, problem: string): void {
    if (!this.#problems.has(name) && !this.#ignored.has(name)) this.#problems.set(name, problem);
  }

  /** Reports no further problem of this variable. */
  ignore(name: string): void {
    this.#ignored.add(name);
  }

  /** @throws ConfigError if there is a problem */
  throwIfFound(): void {
    if (this.#problems.size === 0) return;
    throw new ConfigError([...this.#problems].map(([name, problem]) => `${name}: ${problem}`));
  }
}
