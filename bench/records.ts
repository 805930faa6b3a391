import { createRandom, pick } from '../src/simulator/random.js';

/** Invented records. They are the same in every run. */

/** The fields of a record in the graph, without those that only the service knows (`id`, `fetchedAt`). */
export interface BenchRecord {
  readonly campaignId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly customerLastName: string;
  /** opt1 to opt12. */
  readonly opts: readonly (string | null)[];
  /** tel1 and so on, without gaps. */
  readonly phones: readonly string[];
  readonly address: Readonly<Record<'country' | 'state' | 'city' | 'zone' | 'address', string>>;
  readonly date: string;
  readonly calls: number;
  readonly connId: string;
  readonly result: string;
  readonly outcome: string;
}

/** The records of each list. The service accepts no more in one answer. */
export const LIST_LENGTH = 1_000;
const FIRST_LIST = 30_000;
/** Everybody in `recordsOfPerson` has a record in this campaign. */
export const CAMPAIGN_OF_PEOPLE = '20101';
/** A person has at most this many records, each in another campaign. */
const CAMPAIGNS_OF_PEOPLE = [CAMPAIGN_OF_PEOPLE, '20102', '20103'];
const NAMES = ['Alejandra', 'Beatriz', 'César', 'Édgar', 'Germán', 'Inés', 'Lucía', 'Mónica', 'Óscar', 'Sofía'];
const LAST_NAMES = ['Acosta', 'Álvarez', 'Bedoya', 'Castaño', 'García', 'Muñoz', 'Patiño', 'Zapata'];
const PRODUCTS = ['Crédito de vehículo', 'Tarjeta de crédito', 'Plan hogar', 'TV + Internet'];
const NOTES = [null, 'Pregunta por "permanencia mínima" & traslado', 'Llamar después de las 6 p. m. / WhatsApp'];
/** Texts of Wolkvox, and what the graph makes of them. */
const RESULTS = [
  ['ANSWER', 'ANSWER'],
  ['NO-ANSWER', 'NO_ANSWER'],
  ['BUSY', 'BUSY'],
  ['ANSWER MACHINE', 'ANSWER_MACHINE'],
] as const;

export function customerIdOf(person: number): string {
  return String(700_000_000 + person);
}

/** A number that no two people have. */
export function phoneOf(person: number): string {
  return String(3_290_000_000 + person);
}

/** The records of a person, one to three. People whose number divides by three have one. */
export function recordsOfPerson(person: number): BenchRecord[] {
  return CAMPAIGNS_OF_PEOPLE.slice(0, 1 + (person % 3)).map((campaignId) => createRecord(campaignId, person));
}

export function campaignIdOf(list: number): string {
  return String(FIRST_LIST + list);
}

/** The records of a list. Its people are in no other list, and are none of those of `recordsOfPerson`. */
export function recordsOfList(list: number): BenchRecord[] {
  const firstPerson = 1_000_000 + list * LIST_LENGTH;
  return Array.from({ length: LIST_LENGTH }, (_, index) => createRecord(campaignIdOf(list), firstPerson + index));
}

function createRecord(campaignId: string, person: number): BenchRecord {
  const random = createRandom(Number(campaignId), person);
  const [result, outcome] = pick(random, RESULTS);
  const second = String(random(60)).padStart(2, '0');
  return {
    campaignId,
    customerId: customerIdOf(person),
    customerName: `${pick(random, NAMES)} ${pick(random, NAMES)}`,
    customerLastName: `${pick(random, LAST_NAMES)} ${pick(random, LAST_NAMES)}`,
    opts: [
      ...[pick(random, PRODUCTS), 'Medellín', `CASO-${100_000 + random(900_000)}`, `${49_000 + random(9_000)}`],
      ...[null, null, pick(random, NOTES), null, null, null, null, pick(random, NOTES)],
    ],
    phones: [phoneOf(person), ...(random(3) === 0 ? [`6010${String(random(1_000_000)).padStart(6, '0')}`] : [])],
    address: {
      ...{ country: 'Colombia', state: 'Antioquia', city: 'Medellín', zone: pick(random, ['Norte', 'Sur']) },
      address: `Calle ${1 + random(180)} # ${1 + random(120)}-${10 + random(90)}`,
    },
    date: `2026-11-${10 + random(9)}T10:42:${second}-05:00`,
    calls: 1 + random(8),
    connId: `12462.0042.17634${10_000 + random(90_000)}.${10_000 + random(90_000)}`,
    result,
    outcome,
  };
}

/** The record in the columns of Wolkvox. */
export function toWire(record: BenchRecord): Record<string, string> {
  const columns = (name: string, values: readonly (string | null)[]): [string, string][] =>
    values.map((value, index) => [`${name}${index + 1}`, value ?? '']);
  return {
    campaign_id: record.campaignId,
    customer_id: record.customerId,
    customer_name: record.customerName,
    customer_last_name: record.customerLastName,
    ...record.address,
    ...Object.fromEntries([...columns('opt', record.opts), ...columns('tel', record.phones)]),
    date: record.date.slice(0, 19).replace('T', ' '),
    calls: String(record.calls),
    conn_id: record.connId,
    result: record.result,
  };
}

/** The record as the graph answers it, without `id` and `fetchedAt`. */
export function toGraph(record: BenchRecord): Record<string, unknown> {
  const { campaignId, customerId } = record;
  return {
    ...record,
    campaign: { campaignId },
    customer: { customerId },
    opts: record.opts.map((value, index) => ({ position: index + 1, name: `opt${index + 1}`, value })),
    phones: record.phones.map((number, index) => ({ position: index + 1, number })),
  };
}
