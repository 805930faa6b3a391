import { completeRecord, connId, instantOf, wireDate } from './columns.js';
import type { WireRecord } from './columns.js';
import { createDraw, createShuffle, pick } from './draw.js';
import type { Draw, Shuffle } from './draw.js';

/** A campaign of the simulated account. The ids and sizes are the same for every seed, the people are not. */
export interface Campaign {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly type: 'predictive' | 'preview';
  readonly status: 'Started' | 'Stopped';
  /** Invented records, the example people not counted. */
  readonly size: number;
  /** Whether its records have the 35 keys. */
  readonly isLong: boolean;
  readonly theme: Theme;
  /** Percent of its records that were never dialled. */
  readonly undialledPercent: number;
}

type Theme = 'welcome' | 'collection' | 'sale' | 'appointment' | 'survey';

type CampaignRow = [string, string, Campaign['type'], Campaign['status'], number, boolean, Theme, number];
const ROWS: readonly CampaignRow[] = [
  ['4821', 'Bienvenida clientes nuevos', 'preview', 'Started', 320, false, 'welcome', 30],
  ['5316', 'Renovación plan hogar', 'preview', 'Started', 640, false, 'sale', 12],
  ['6044', 'Recordatorio de citas', 'predictive', 'Started', 950, false, 'appointment', 8],
  ['7203', 'Cartera temprana 1 a 30', 'predictive', 'Started', 3_900, false, 'collection', 10],
  ['7204', 'Cartera 31 a 90', 'predictive', 'Started', 2_600, false, 'collection', 5],
  ['8890', 'Recuperación de abandonos', 'predictive', 'Stopped', 1_480, true, 'sale', 0],
  ['9450', 'Venta fibra óptica', 'predictive', 'Started', 7_800, true, 'sale', 22],
  ['9977', 'Retención móvil', 'preview', 'Stopped', 5_200, true, 'sale', 3],
  ['10112', 'Encuesta trimestral', 'predictive', 'Stopped', 12_000, false, 'survey', 0],
  ['10190', 'Cartera castigada', 'predictive', 'Started', 18_500, false, 'collection', 15],
  // More than one answer holds, so that the cut at 60,000 shows.
  ['10277', 'Encuesta nacional de satisfacción', 'predictive', 'Started', 60_500, false, 'survey', 40],
];

/** The account's campaigns: ten of everyday sizes and one of more than 60,000 records. */
export const CAMPAIGNS: readonly Campaign[] = ROWS.map(
  ([id, name, type, status, size, isLong, theme, undialledPercent]) => ({
    id,
    name,
    description: `${name} (datos inventados)`,
    type,
    status,
    size,
    isLong,
    theme,
    undialledPercent,
  }),
);

/** Everybody in the account, made when asked for: nothing is kept, and a record costs a few microseconds. */
export interface People {
  /** @param slot from 0 to the campaign's size - 1 */
  recordAt(campaign: Campaign, slot: number): WireRecord;
  /** The slots whose record may hold this number, bare or with a dial prefix; the caller still compares. */
  slotsByPhone(phone: string): Slot[];
  /** The slots whose record may hold this customer id; the caller still compares. */
  slotsByCustomerId(customerId: string): Slot[];
}

export interface Slot {
  readonly campaign: Campaign;
  readonly slot: number;
}

/** What dialling systems put before a number, longest first: the trunk's 9, the country's 57, both. */
export const DIAL_PREFIXES = ['957', '57', '9'] as const;

/**
 * Prefixes that are not known to belong to an operator, so that a simulated number reaches nobody. 306 is for the example people.
 */
const MOBILE_PREFIXES = ['307', '308', '309', '326', '327', '328', '329', '336', '337', '338', '339', '346'] as const;
/** Area codes of fixed lines. A real line never begins with 0 after them: these do. */
const AREAS = ['601', '602', '604', '605', '606', '607', '608'] as const;
const LINES_PER_MOBILE_PREFIX = 10_000_000;
const LINES_PER_AREA = 1_000_000;
/** Identity numbers below this many are old ones of eight digits, the others new ones of ten. */
const OLD_IDS = 50_000_000;
const NEW_IDS = 180_000_000;
/** A person's second mobile number is that of the place this much higher. */
const SECOND_MOBILE = 401_777;
/** Neighbouring campaigns begin this many people apart, so that they share people. */
const APART = 5_100;
/** One in this many people of a campaign's beginning has a second record in it, until its share of second records is used up. */
const TWICE_EVERY = 7;
const TWICE_SHARE = 0.025;
/** When the account was last seen at work; fixed, so that the data do not depend on the day they are read. */
const LAST_DAY = instantOf('2026-11-20 00:00:00');
const DAYS = 55;
const DAY_MS = 86_400_000;

export function createPeople(seed: number): People {
  const mobiles = createShuffle(seed, 1, MOBILE_PREFIXES.length * LINES_PER_MOBILE_PREFIX);
  const lines = createShuffle(seed, 2, AREAS.length * LINES_PER_AREA);
  const ids = createShuffle(seed, 3, OLD_IDS + NEW_IDS);

  function recordAt(campaign: Campaign, slot: number): WireRecord {
    const person = personAt(campaign, slot);
    const who = createDraw(seed, 11, person);
    const what = createDraw(seed, 12, Number(campaign.id), slot);
    const firstName = firstNames(who);
    const lastName = `${pick(who, SURNAMES)} ${pick(who, SURNAMES)}`;
    const city = pick(who, CITIES);
    return completeRecord(
      {
        customer_name: firstName,
        customer_last_name: lastName,
        customer_id: customerIdOf(person, ids),
        campaign_id: campaign.id,
      },
      campaign.isLong ? placeOf(city, who) : {},
      OPTS_OF[campaign.theme](what, city.name, slot),
      phonesOf(person, campaign, what),
      lastCallOf(campaign, what, slot),
    );
  }

  function phonesOf(person: number, campaign: Campaign, what: Draw): Partial<WireRecord> {
    // Of its own, so that a person has the same phones in every campaign.
    const who = createDraw(seed, 13, person);
    const mobile = mobileText(mobiles.to(person));
    const line = who(100) < 45 ? lineText(lines.to(person >> 1)) : '';
    const second = who(100) < 25 ? mobileText(mobiles.to(person + SECOND_MOBILE)) : '';
    const prefix = pick(what, ['', '', '', '', '9', '9', '57', '957']);
    // The fixed line stands first for some, so that a mobile number is not always tel1.
    const [tel1, tel2] = line !== '' && what(100) < 20 ? [line, `${prefix}${mobile}`] : [`${prefix}${mobile}`, line];
    if (!campaign.isLong) return { tel1, tel2, tel3: second };
    return { tel1, tel2, tel3: '', tel4: '', tel5: second === '' ? '' : `${prefix}${second}` };
  }

  function slotsOf(person: number): Slot[] {
    return CAMPAIGNS.flatMap((campaign) => {
      const home = person - firstPerson(campaign);
      if (home < 0 || home >= campaign.size - secondRecords(campaign)) return [];
      const nth = home / TWICE_EVERY;
      const isTwice = Number.isInteger(nth) && nth < secondRecords(campaign);
      const slots = isTwice ? [home, campaign.size - secondRecords(campaign) + nth] : [home];
      return slots.map((slot) => ({ campaign, slot }));
    });
  }

  return {
    recordAt,
    slotsByPhone(phone) {
      const bare = DIAL_PREFIXES.filter((prefix) => phone.startsWith(prefix)).map((prefix) =>
        phone.slice(prefix.length),
      );
      return [phone, ...bare].flatMap((number) => ownersOf(number, mobiles, lines)).flatMap(slotsOf);
    },
    slotsByCustomerId(customerId) {
      const digits = Number(customerId.replace(/[^0-9]/g, '').slice(0, 10));
      const place = digits >= 1_000_000_000 ? digits - 1_000_000_000 + OLD_IDS : digits - 30_000_000;
      if (place < 0 || place >= OLD_IDS + NEW_IDS) return [];
      return slotsOf(ids.from(place));
    },
  };
}

/** Campaigns are overlapping windows over the same people; the largest one begins with the first of them. */
function firstPerson(campaign: Campaign): number {
  return campaign.id === '10277' ? 0 : CAMPAIGNS.indexOf(campaign) * APART;
}

function secondRecords(campaign: Campaign): number {
  return Math.floor(campaign.size * TWICE_SHARE);
}

function personAt(campaign: Campaign, slot: number): number {
  const first = campaign.size - secondRecords(campaign);
  return firstPerson(campaign) + (slot < first ? slot : (slot - first) * TWICE_EVERY);
}

function mobileText(value: number): string {
  const prefix = MOBILE_PREFIXES[Math.floor(value / LINES_PER_MOBILE_PREFIX)] ?? MOBILE_PREFIXES[0];
  return `${prefix}${`${value % LINES_PER_MOBILE_PREFIX}`.padStart(7, '0')}`;
}

function lineText(value: number): string {
  const area = AREAS[Math.floor(value / LINES_PER_AREA)] ?? AREAS[0];
  return `${area}0${`${value % LINES_PER_AREA}`.padStart(6, '0')}`;
}

/** The people who may have this number. */
function ownersOf(number: string, mobiles: Shuffle, lines: Shuffle): number[] {
  if (!/^[0-9]{10}$/.test(number)) return [];
  const start = number.slice(0, 3);
  const mobilePrefix = MOBILE_PREFIXES.findIndex((prefix) => prefix === start);
  if (mobilePrefix >= 0) {
    const place = mobiles.from(mobilePrefix * LINES_PER_MOBILE_PREFIX + Number(number.slice(3)));
    return [place >= SECOND_MOBILE ? place - SECOND_MOBILE : place];
  }
  const area = AREAS.findIndex((code) => code === start);
  if (area < 0 || number[3] !== '0') return [];
  const household = lines.from(area * LINES_PER_AREA + Number(number.slice(4)));
  return [household * 2, household * 2 + 1];
}

/** Free text in Wolkvox: mostly a bare identity number, sometimes with its kind, for a few not known. */
function customerIdOf(person: number, ids: Shuffle): string {
  const place = ids.to(person);
  const number = place < OLD_IDS ? 30_000_000 + place : 1_000_000_000 + place - OLD_IDS;
  switch (person % 40) {
    case 11:
      return '';
    case 23:
      return `CE-${number}`;
    case 37:
      return `CC ${number}`;
    default:
      return `${number}`;
  }
}

function lastCallOf(campaign: Campaign, what: Draw, slot: number): Partial<WireRecord> {
  if (what(100) < campaign.undialledPercent) return { date: '', calls: '0', conn_id: '', result: 'CLEAN' };
  const secondOfDay = 8 * 3600 + what(11 * 3600);
  const instant = LAST_DAY - what(DAYS) * DAY_MS + secondOfDay * 1000;
  return {
    date: wireDate(instant),
    calls: `${1 + what(4) + what(4)}`,
    conn_id: connId(instant, what(1_000), slot * 7 + what(90_000)),
    result: pick(what, RESULTS),
  };
}

function firstNames(who: Draw): string {
  const names = who(2) === 0 ? WOMEN : MEN;
  const first = pick(who, names);
  const second = pick(who, names);
  return who(100) < 40 || first === second ? first : `${first} ${second}`;
}

function placeOf(city: City, who: Draw): Partial<WireRecord> {
  const street = pick(who, ['Calle', 'Carrera', 'Transversal', 'Diagonal']);
  return {
    country: 'Colombia',
    state: city.state,
    city: city.name,
    zone: pick(who, ['Norte', 'Sur', 'Centro', 'Oriente', 'Occidente', '']),
    address: who(100) < 15 ? '' : `${street} ${1 + who(180)} # ${1 + who(120)}-${`${who(100)}`.padStart(2, '0')}`,
  };
}

function pesos(what: Draw, from: number, to: number): string {
  return `${from + what((to - from) / 1000) * 1000}`;
}

function day(what: Draw): string {
  return wireDate(LAST_DAY + (what(90) - 45) * DAY_MS).slice(0, 10);
}

/** What each kind of campaign writes into opt1 to opt12. opt3 numbers the case, so that a person's two records differ. */
const OPTS_OF: Readonly<Record<Theme, (what: Draw, city: string, slot: number) => Partial<WireRecord>>> = {
  welcome: (what, city, slot) => ({
    opt1: pick(what, ['Cuenta de ahorros', 'Tarjeta de crédito', 'CDT', 'Seguro de vida']),
    opt2: city,
    opt3: `ALTA-${40_000 + slot}`,
    opt5: day(what),
  }),
  collection: (what, city, slot) => ({
    opt1: pick(what, ['Crédito de libre inversión', 'Tarjeta de crédito', 'Crédito de vehículo', 'Microcrédito']),
    opt2: pesos(what, 80_000, 24_000_000),
    opt3: `OBL-${600_000 + slot}`,
    opt4: `${1 + what(180)}`,
    opt5: city,
    opt6: day(what),
    opt8: what(100) < 30 ? 'Acuerdo anterior incumplido; validar datos de contacto antes de negociar.' : '',
    opt12: what(100) < 20 ? 'Prefiere contacto por WhatsApp después de las 6 p. m. / fines de semana no.' : '',
  }),
  sale: (what, city, slot) => ({
    opt1: pick(what, ['Fibra 300 Mb', 'Fibra 500 Mb', 'Plan hogar', 'Plan pospago 40 GB', 'TV + Internet']),
    opt2: city,
    opt3: `OFERTA-${10_000 + slot}`,
    opt4: pesos(what, 49_000, 159_000),
    opt6: `${what(6) + 1}`,
    opt7: what(100) < 25 ? 'Cliente pregunta por "permanencia mínima" & traslado de línea' : '',
  }),
  appointment: (what, city, slot) => ({
    opt1: pick(what, ['Cita de control', 'Odontología', 'Laboratorio', 'Medicina general']),
    opt2: city,
    opt3: `CITA-${70_000 + slot}`,
    opt4: day(what),
    opt5: `${7 + what(10)}:${pick(what, ['00', '20', '40'])}`,
    opt9: pick(what, ['Sede Norte', 'Sede Centro', 'Sede Sur', '']),
  }),
  survey: (what, city, slot) => ({
    opt1: 'Encuesta de satisfacción',
    opt2: city,
    opt3: `ENC-${200_000 + slot}`,
    opt4: pick(what, ['Hogar', 'Móvil', 'Empresas', '']),
    opt10: what(100) < 50 ? `${what(11)}` : '',
  }),
};

/** An open vocabulary, in the spellings that different accounts use. The last two are an account's own. */
const RESULTS = [
  'ANSWER',
  'ANSWER',
  'ANSWER',
  'Answer',
  'ANSWER-MACHINE',
  'ANSWER MACHINE',
  'BUSY',
  'busy',
  'NO-ANSWER',
  'NO-ANSWER',
  'NO ANSWER',
  'no_answer',
  'CONGESTION',
  'FAILED',
  'ABANDON',
  'UNKNOWN',
  'DO-NOT-CALL',
  'NOT-AVAILABLE',
  'CHANUNAVAIL',
  'WRONG NUMBER',
  'WRONG-NUMBER',
  'MAILBOX',
  'FAX',
  'RPC',
  'PROMESA DE PAGO',
  'Volver a llamar',
] as const;

interface City {
  readonly name: string;
  readonly state: string;
}
const CITIES: readonly [City, ...City[]] = [
  { name: 'Bogotá', state: 'Cundinamarca' },
  { name: 'Medellín', state: 'Antioquia' },
  { name: 'Cali', state: 'Valle del Cauca' },
  { name: 'Barranquilla', state: 'Atlántico' },
  { name: 'Cartagena', state: 'Bolívar' },
  { name: 'Bucaramanga', state: 'Santander' },
  { name: 'Pereira', state: 'Risaralda' },
  { name: 'Cúcuta', state: 'Norte de Santander' },
  { name: 'Ibagué', state: 'Tolima' },
  { name: 'Popayán', state: 'Cauca' },
];

const WOMEN = [
  ...(['Alejandra', 'Ángela', 'Beatriz', 'Camila', 'Carolina', 'Claudia', 'Diana', 'Eliana', 'Fernanda'] as const),
  ...(['Gloria', 'Inés', 'Jimena', 'Laura', 'Liliana', 'Lucía', 'Marcela', 'María', 'Mónica', 'Natalia'] as const),
  ...(['Paola', 'Patricia', 'Rocío', 'Sandra', 'Sofía', 'Ximena'] as const),
] as const;
const MEN = [
  ...(['Andrés', 'Carlos', 'César', 'Daniel', 'Diego', 'Édgar', 'Esteban', 'Felipe', 'Germán', 'Héctor'] as const),
  ...(['Iván', 'Jaime', 'Jhon', 'José', 'Juan', 'Julián', 'Leonardo', 'Luis', 'Mauricio', 'Néstor'] as const),
  ...(['Óscar', 'Pedro', 'Raúl', 'Santiago', 'Tomás'] as const),
] as const;

const SURNAMES = [
  ...([
    'Acosta',
    'Agudelo',
    'Álvarez',
    'Arango',
    'Bedoya',
    'Beltrán',
    'Bermúdez',
    'Cano',
    'Castaño',
    'Castro',
  ] as const),
  ...([
    'Córdoba',
    'Cortés',
    'Díaz',
    'Duarte',
    'Echeverri',
    'Escobar',
    'Franco',
    'Gaitán',
    'García',
    'Giraldo',
  ] as const),
  ...(['González', 'Guerrero', 'Henao', 'Herrera', 'Hoyos', 'Jaramillo', 'León', 'Londoño', 'López', 'Marín'] as const),
  ...(['Martínez', 'Mejía', 'Montoya', 'Moreno', 'Muñoz', 'Núñez', 'Ortiz', 'Osorio', 'Pardo', 'Patiño'] as const),
  ...(['Pérez', 'Pineda', 'Ramírez', 'Restrepo', 'Rincón', 'Rodríguez', 'Rojas', 'Suárez', 'Uribe', 'Zapata'] as const),
] as const;
