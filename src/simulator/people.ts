import { completeRecord, instantOf, lastCall, type WireRecord } from './columns.js';
import { createRandom, pick, type Random } from './random.js';

/** The campaigns. `size` is the number of generated records, without the example people. */
export const CAMPAIGNS = [
  { id: '4821', name: 'Bienvenida clientes nuevos', size: 320, columns: 23, undialledPercent: 30 },
  { id: '5316', name: 'Renovación plan hogar', size: 640, columns: 23, undialledPercent: 12 },
  { id: '6044', name: 'Recordatorio de citas', size: 950, columns: 23, undialledPercent: 8 },
  { id: '7203', name: 'Cartera temprana 1 a 30', size: 1_900, columns: 23, undialledPercent: 10 },
  { id: '8890', name: 'Recuperación de abandonos', size: 480, columns: 35, undialledPercent: 0 },
  { id: '9450', name: 'Venta fibra óptica', size: 780, columns: 35, undialledPercent: 22 },
  { id: '9977', name: 'Retención móvil', size: 520, columns: 35, undialledPercent: 3 },
];
/** Its records are debts that are 1 to 30 days late. */
const DEBT_CAMPAIGN_ID = '7203';
/** More records than one answer holds (60,000). Its people are in no other campaign, and generated on first use. */
export const LARGE_CAMPAIGN = { id: '10277', name: 'Encuesta', size: 60_500, columns: 23, undialledPercent: 40 };
/** The phones and customer ids that only people of the large campaign have. */
export const LARGE_CAMPAIGN_NUMBERS = /^(9|57|957)?(346\d{7}|6080\d{6})$|^(CC |CE-)?8\d{7}$/;

/**
 * How the numbers of generated people begin. The mobile prefixes are not known to belong to an operator, and a real
 * fixed line has no 0 after its area code: as far as is known, nobody has these numbers. Old ids have eight digits.
 */
const NUMBERS = {
  mobiles: ['307', '308', '309', '326', '327', '328', '329', '336', '337', '338', '339'],
  fixedLines: ['6010', '6020', '6040', '6050', '6060', '6070'],
  customerIds: [30_000_000, 1_010_000_000],
};
const LARGE_NUMBERS = { mobiles: ['346'], fixedLines: ['6080'], customerIds: [80_000_000] };
/** People of the usual campaigns. Each campaign picks its people among them, some twice. */
const PEOPLE = 3_000;
/** The day of the latest calls. It is fixed, so that the data do not depend on the day they are read. */
const LAST_DAY_MS = instantOf('2026-11-20 00:00:00');

type Campaign = typeof LARGE_CAMPAIGN;
type Person = ReturnType<typeof generatePeople>[number];

/** By seed. To generate the records takes about 50 ms, and a process may start many simulators. */
const generatedRecords = new Map<number, readonly WireRecord[]>();

/** The generated records of every campaign except the large one. They are the same objects each time. */
export function generateRecords(seed: number): readonly WireRecord[] {
  const records = generatedRecords.get(seed) ?? generate(seed);
  generatedRecords.set(seed, records);
  return records;
}

function generate(seed: number): WireRecord[] {
  const random = createRandom(seed, 1);
  const people = generatePeople(PEOPLE, NUMBERS, random);
  return CAMPAIGNS.flatMap((campaign) =>
    Array.from({ length: campaign.size }, (_, index) => recordOf(pick(random, people), campaign, index, random)),
  );
}

/** The generated records of the large campaign, one of each person. */
export function generateLargeCampaign(seed: number): WireRecord[] {
  const random = createRandom(seed, 2);
  const people = generatePeople(LARGE_CAMPAIGN.size, LARGE_NUMBERS, random);
  return people.map((person, index) => recordOf(person, LARGE_CAMPAIGN, index, random));
}

function generatePeople(count: number, numbers: typeof NUMBERS, random: Random) {
  const customerIds = distinctNumbers(count, 7, random);
  const mobiles = distinctNumbers(2 * count, 7, random).map((digits) => `${pick(random, numbers.mobiles)}${digits}`);
  const lines = distinctNumbers(count, 6, random).map((digits) => `${pick(random, numbers.fixedLines)}${digits}`);
  return customerIds.map((digits, index) => ({
    identity: {
      customer_name: `${pick(random, FIRST_NAMES)} ${pick(random, FIRST_NAMES)}`,
      customer_last_name: `${pick(random, LAST_NAMES)} ${pick(random, LAST_NAMES)}`,
      customer_id: pick(random, ID_FORMATS).replace('#', `${pick(random, numbers.customerIds) + Number(digits)}`),
    },
    address: {
      ...{ country: 'Colombia', ...pick(random, CITIES), zone: pick(random, ['Norte', 'Sur', 'Centro', '']) },
      address: random(100) < 15 ? '' : `Calle ${1 + random(180)} # ${1 + random(120)}-${10 + random(90)}`,
    },
    mobile: mobiles[index] ?? '',
    // Two people share a fixed line; some have none, and many have no second mobile.
    fixedLine: random(100) < 45 ? (lines[index >> 1] ?? '') : '',
    secondMobile: random(100) < 25 ? (mobiles[count + index] ?? '') : '',
  }));
}

/** Different numbers of so many digits, in ascending order. */
function distinctNumbers(count: number, digits: number, random: Random): string[] {
  const step = Math.floor(10 ** digits / count);
  return Array.from({ length: count }, (_, index) => `${index * step + random(step)}`.padStart(digits, '0'));
}

function recordOf(person: Person, campaign: Campaign, index: number, random: Random): WireRecord {
  const prefix = pick(random, ['', '', '', '', '9', '9', '57', '957']);
  const mobile = `${prefix}${person.mobile}`;
  const secondMobile = person.secondMobile && `${prefix}${person.secondMobile}`;
  // Some have the fixed line first, so that a mobile number is not always tel1.
  const isLineFirst = person.fixedLine !== '' && random(100) < 20;
  const [tel1, tel2] = isLineFirst ? [person.fixedLine, mobile] : [mobile, person.fixedLine];
  return completeRecord(
    { campaign_id: campaign.id, ...person.identity, tel1, tel2 },
    campaign.columns === 35 ? { ...person.address, tel5: secondMobile } : { tel3: secondMobile },
    { opt1: pick(random, PRODUCTS), ...freeColumns(person, campaign, index, random) },
    { opt7: pick(random, NOTES), opt12: pick(random, NOTES) },
    random(100) < campaign.undialledPercent ? { calls: '0', result: 'CLEAN' } : randomCall(index, random),
  );
}

/** opt2 to opt5, as `examples/campaigns.json` labels them. opt3 is unique, so that two records of a person differ. */
function freeColumns({ address: { city } }: Person, { id }: Campaign, index: number, random: Random) {
  const amount = `${49_000 + random(24_000) * 1000}`;
  const number = 100_000 + index;
  return id === DEBT_CAMPAIGN_ID
    ? { opt2: amount, opt3: `OBL-${number}`, opt4: `${1 + (index % 30)}`, opt5: city }
    : { opt2: city, opt3: `CASO-${number}`, opt4: amount };
}

function randomCall(index: number, random: Random): Partial<WireRecord> {
  const instant = LAST_DAY_MS - random(55) * 86_400_000 + (8 * 3600 + random(11 * 3600)) * 1000;
  return lastCall(instant, 1 + random(4) + random(4), pick(random, RESULTS), index);
}

/** Free text in Wolkvox: usually the bare number, for some people with the kind of document, for a few blank. */
const ID_FORMATS = [...Array<string>(37).fill('#'), '', 'CE-#', 'CC #'];
const listOf = (text: string): string[] => text.trim().split(/,\s+/);
const CITIES = [
  { city: 'Medellín', state: 'Antioquia' },
  { city: 'Cúcuta', state: 'Norte de Santander' },
];
const FIRST_NAMES = listOf('Alejandra, Ángela, Beatriz, César, Édgar, Germán, Inés, Lucía, Mónica, Óscar, Raúl, Sofía');
const LAST_NAMES = listOf('Acosta, Álvarez, Bedoya, Castaño, Córdoba, García, León, Muñoz, Patiño, Pérez, Zapata');
const PRODUCTS = ['Crédito de vehículo', 'Tarjeta de crédito', 'Plan hogar', 'TV + Internet', 'Cita de control'];
const NOTES = ['', '', '', 'Pregunta por "permanencia mínima" & traslado', 'Llamar después de las 6 p. m. / WhatsApp'];
/** An open vocabulary, in the spellings that different accounts use. The last two are one account's own. */
const RESULTS = listOf(`
  ANSWER, ANSWER, ANSWER, Answer, ANSWER-MACHINE, ANSWER MACHINE, BUSY, busy, NO-ANSWER, NO-ANSWER, NO ANSWER, no_answer,
  CONGESTION, FAILED, ABANDON, UNKNOWN, DO-NOT-CALL, NOT-AVAILABLE, CHANUNAVAIL, WRONG NUMBER, WRONG-NUMBER, MAILBOX, FAX,
  RPC, PROMESA DE PAGO, Volver a llamar`);
