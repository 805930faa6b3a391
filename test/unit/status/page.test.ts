import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createStatusPage, type StatusDocument } from '../../../src/status/page.js';
import { BLOCK_NAMES, type SlotHolders } from '../../../src/status/blocks.js';
import { aStatus } from './status.js';

const options = { title: 'Records & <more>', replica: 'pod-<7>', playground: true, epochMs: () => 0 };
const page = createStatusPage({ ...options, readStatus: () => aStatus() });

function hashesOf({ html }: StatusDocument, element: 'script' | 'style'): string[] {
  const texts = [...html.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'))].map(([, text = '']) => text);
  return texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
}

describe('the page', () => {
  it('allows its own script, its own style and requests to its host, and nothing else', () => {
    const document = page.render();
    const policy = document.contentSecurityPolicy.split('; ');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hashesOf(document, 'script').join(' ')}`);
    expect(policy).toContain(`style-src ${hashesOf(document, 'style').join(' ')}`);
    expect(hashesOf(document, 'script')).toHaveLength(1);
    expect(document.contentSecurityPolicy).not.toMatch(/https?:|\*|unsafe/);
    // Addresses are relative. The one absolute address is the name of the XML namespace of the icon.
    expect(document.html.match(/(?:href|src|action)="(?!data:|\.\/|readyz)[^"]*"/g)).toBeNull();
  });

  it('has every block, and escapes its title and the name of the replica', () => {
    const { html } = page.render();
    for (const name of BLOCK_NAMES) expect(html.split(`id="${name}"`)).toHaveLength(2);
    expect(html).toContain('<title>Records &amp; &lt;more&gt;, status</title>');
    expect(html).toContain('Status of replica pod-&lt;7&gt;, version 1.2.3');
    expect(html).not.toContain('<more>');
  });

  it('shows the holders of the slots of each moment, and calls itself this replica', () => {
    const redis = { connection: 'up', slotsHeld: 1, slotsWaiting: 0 } as const;
    let holders: SlotHolders = ['pod-<7>', 'pod-8'];
    const shared = createStatusPage({ ...options, readStatus: () => aStatus({ redis }), readHolders: () => holders });
    const slotsOf = (): string => (JSON.parse(shared.renderEvent()) as { blocks: { slots: string } }).blocks.slots;
    expect(slotsOf()).toMatch(/Slot 1<[^]*>this replica<[^]*Slot 2<[^]*>pod-8</);
    expect(shared.render().html).toContain('>this replica<');
    holders = [undefined, undefined];
    expect(slotsOf()).toMatch(/Slot 1<[^]*>free<[^]*Slot 2<[^]*>free</);
    holders = undefined;
    expect(slotsOf()).toMatch(/Slot 1<[^]*>not known<[^]*Slot 2<[^]*>not known</);
    expect(page.render().html).not.toContain('Slot 1');
  });

  it('links to the playground only if there is one', () => {
    expect(page.render().html).toContain('>Playground</a>');
    const other = createStatusPage({ ...options, playground: false, readStatus: () => aStatus() });
    expect(other.render().html).not.toContain('>Playground</a>');
  });
});

describe('an event', () => {
  it('is one line of JSON with the title and all blocks of that moment', () => {
    let circuit: 'closed' | 'open' = 'closed';
    const live = createStatusPage({ ...options, readStatus: () => aStatus({ circuit }) });
    const read = (): { title: string; blocks: Record<string, string> } =>
      JSON.parse(live.renderEvent()) as ReturnType<typeof read>;
    expect(live.renderEvent()).not.toContain('\n');
    expect(Object.keys(read().blocks).sort()).toEqual([...BLOCK_NAMES].sort());
    expect(read().title).toBe('Records & <more>, status');
    circuit = 'open';
    expect(read().title).toBe('Problem: Records & <more>, status');
    expect(read().blocks['health']).toContain('Open: no call is sent');
  });
});

describe('the form for the token', () => {
  it('has no script, sends its token to the own host, and says what was wrong', () => {
    const form = page.renderLogin();
    expect(hashesOf(form, 'script')).toEqual([]);
    expect(form.contentSecurityPolicy).toContain("script-src 'none'");
    expect(form.contentSecurityPolicy).toContain("form-action 'self'");
    expect(form.html).toContain('action="status/login"');
    expect(form.html).not.toContain('role="alert"');
    expect(page.renderLogin('<wrong>').html).toMatch(/role="alert">\s*&lt;wrong&gt;/);
    expect(page.renderLogin('wrong').html).toContain('action="login"');
  });
});
