import { describe, expect, it } from 'vitest';
import { ANA, EVA, createExecutors, expectSame, iterations, longList, optsOf } from '../../support/executors.js';

describe('Kept texts', () => {
  const query = `query ($id: ID, $name: String!) {
    findCampaignRecords(customerId: $id) { customerName fetchedAt opts(names: [$name]) { value } }
  }`;

  it('are used again, and take memory', async () => {
    const executors = createExecutors({ records: [ANA] });
    const request = { query: '{ findCampaignRecords(customerId: "C1") { customerName id } }' };
    const first = await expectSame(executors, request);
    const bytes = executors.texts.bytes();
    expect(bytes).toBeGreaterThan(2 * '{"customerName":"Ana"}'.length);
    expect(await executors.write(request)).toBe(first);
    expect(executors.texts.bytes()).toBe(bytes);
  });

  it('are those of the same answer and the same arguments', async () => {
    const executors = createExecutors({ records: [ANA, EVA] });
    const texts = new Set<string>();
    for (const id of ['C1', 'C2']) {
      for (const name of ['opt1', 'opt2']) texts.add(await expectSame(executors, { query, variables: { id, name } }));
      for (const name of ['opt1', 'opt2']) {
        const literal = query.replace('$name]', `"${name}"]`).replace(', $name: String!', '');
        texts.add(await expectSame(executors, { query: literal, variables: { id } }));
      }
    }
    // Ana has no opts. The answers of Eva differ by their opts.
    expect(texts.size).toBe(3);
  });

  it('are not used for a later answer to the same lookup', async () => {
    const executors = createExecutors({ records: [ANA] });
    const request = { query: '{ findCampaignRecords(customerId: "C1") { customerName fetchedAt } }' };
    const first = await expectSame(executors, request);
    executors.clock.advance(1_000);
    executors.replaceAnswers();
    expect(await expectSame(executors, request)).not.toBe(first);
  });

  it('are of fields that depend on nothing else than the record', async () => {
    const executors = createExecutors({ records: [ANA, EVA] });
    const request = {
      query: `query ($phone: String) {
        findCampaignRecords(campaignId: "4821") { customerName campaign { findRecords(phone: $phone) { customerName } } }
      }`,
    };
    const found = await expectSame(executors, { ...request, variables: { phone: '3001234567' } });
    expect(await expectSame(executors, { ...request, variables: { phone: '3007654321' } })).not.toBe(found);
  });

  it('are gone after clear, also those of an operation that was under way', async () => {
    const executors = createExecutors({ records: [ANA], behaviourOf: () => 'answers later' });
    const request = { query: '{ findCampaignRecords(customerId: "C1") { customerName } }' };
    await expectSame(executors, request);
    expect(executors.texts.bytes()).toBeGreaterThan(0);
    executors.texts.clear();
    expect(executors.texts.bytes()).toBe(0);
    const underWay = executors.write(request);
    await iterations(1);
    executors.texts.clear();
    expect(await underWay).toContain('Ana');
    expect(executors.texts.bytes()).toBe(0);
  });
});

describe('A long text that is kept', () => {
  const records = longList(100, { customerName: 'María 😀', connId: '\u0001"\\'.repeat(50) });
  const query = '{ findCampaignRecords(campaignId: "4821") { customerId customerName connId fetchedAt } }';

  it('is kept as bytes, and written from them', async () => {
    const executors = createExecutors({ records });
    const first = await expectSame(executors, { query });
    const { context, end } = executors.begin();
    expect(await executors.write({ query }, context)).toBe(first);
    expect(context.longTexts.fill('\u00010\u0001')).toBeInstanceOf(Buffer);
    // The bytes of the text, and not two bytes a character.
    expect(executors.texts.bytes()).toBeGreaterThan(Buffer.byteLength(first) - 100);
    expect(executors.texts.bytes()).toBeLessThan(1.2 * Buffer.byteLength(first));
    end();
  });

  it('may have long values with any characters', async () => {
    const executors = createExecutors({ records: [{ ...EVA, opts: optsOf('x'.repeat(9_000), 'é'.repeat(9_000)) }] });
    const request = {
      query: '{ findCampaignRecords(customerId: "C2") { a: opts { value } b: opts { position value } customerId } }',
    };
    const first = await expectSame(executors, request);
    expect(first.length).toBeGreaterThan(36_000);
    expect(await expectSame(executors, request)).toBe(first);
  });

  it('counts for the response limit with its bytes', async () => {
    const executors = createExecutors({ records });
    const { length } = Buffer.from(await expectSame(executors, { query }));
    const limited = createExecutors({ records, responseLimitBytes: length + 100 });
    for (let time = 0; time < 2; time += 1) {
      expect(await limited.write({ query })).toBeDefined();
      expect(await limited.write({ query: query.replace('{ find', '{ a: __typename find') })).toBeDefined();
    }
    const twice = query.replace(/\{ (find.*\}) \}/, '{ $1 b: $1 }');
    expect(await limited.write({ query: twice })).toBeUndefined();
    expect(limited.responseLimits.bytesInFlight()).toBe(0);
  });

  it('is forgotten if graphql-js executes the operation', async () => {
    const executors = createExecutors({ records });
    await executors.write({ query });
    const { context, end } = executors.begin();
    const failing = query.replace(/\}$/, ' __schema { queryType { name } } }');
    expect(await executors.write({ query: failing }, context)).toBeUndefined();
    expect(context.longTexts.fill('\u00010\u0001')).toBe('\u00010\u0001');
    end();
  });
});
