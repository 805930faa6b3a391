import { completeRecord, instantOf, lastCall, type WireRecord } from './columns.js';

/** Invented people that every seed has. Their numbers begin with 306 or 6011, which no generated person has. */
export const EXAMPLES = {
  /** In three campaigns. The phone is stored bare, with 9 and with 957 before it. */
  inSeveralCampaigns: { phone: '3064821975', customerId: '21839174', campaignIds: ['4821', '7203', '10277'] },
  /** Two different records in one campaign. */
  twiceInOneCampaign: { phone: '3067150482', customerId: '22461203', campaignId: '7203' },
  undialled: { phone: '3062094417', customerId: '1190274518', campaignId: '4821' },
  withoutCustomerId: { phone: '3068830146', campaignId: '5316' },
  severalPhones: { phones: ['3065512090', '3063380721', '6011740236'], customerId: '23907765', campaignId: '9450' },
  /** Two people with the same fixed line. */
  sharedPhone: { phone: '6011528890', customerIds: ['24118306', '24118955'], campaignId: '6044' },
  /** Fewer than 1,000 records. */
  smallCampaign: { campaignId: '4821' },
  /** More records than one answer holds. */
  largeCampaign: { campaignId: '10277' },
  /** No record has them. */
  nobody: { phone: '3060000000', customerId: '20000000' },
} as const;

const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones, sharedPhone } = EXAMPLES;
const maria = person('María Fernanda', 'Gómez Ríos', inSeveralCampaigns.customerId);
const andres = {
  ...person('Andrés Felipe', 'Cárdenas Muñoz', twiceInOneCampaign.customerId),
  ...{ campaign_id: '7203', tel1: twiceInOneCampaign.phone, opt5: 'Medellín' },
};
const luz = person('Luz Marina', 'Ospina Vélez', undialled.customerId);
const jorge = person('Jorge Iván', 'Quintero Salazar', severalPhones.customerId);
const martha = person('Martha Lucía', 'Ibáñez Tovar', sharedPhone.customerIds[0]);
const hernan = person('Hernán Darío', 'Ibáñez Tovar', sharedPhone.customerIds[1]);
const family = { campaign_id: '6044', tel1: sharedPhone.phone, opt1: 'Cita de control', opt2: 'Bucaramanga' };

/** The records of the example people. */
export const EXAMPLE_RECORDS: readonly WireRecord[] = [
  completeRecord(
    { ...maria, campaign_id: '4821', tel1: inSeveralCampaigns.phone, opt1: 'Tarjeta de crédito', opt2: 'Bogotá' },
    dialled('2026-11-18 10:42:07', 1, 'ANSWER'),
  ),
  completeRecord(
    { ...maria, campaign_id: '7203', tel1: '6011093344', tel2: `9${inSeveralCampaigns.phone}` },
    { opt1: 'Crédito de libre inversión', opt2: '4350000', opt3: 'OBL-770412', opt4: '32', opt5: 'Bogotá' },
    { opt12: 'Pide que la llamen después de las 5 p. m.; trabaja en turno de la mañana.' },
    dialled('2026-11-19 17:05:51', 4, 'NO-ANSWER'),
  ),
  completeRecord(
    { ...maria, campaign_id: '10277', tel1: `957${inSeveralCampaigns.phone}`, opt1: 'Encuesta de satisfacción' },
    dialled('2026-11-12 09:15:30', 2, 'Answer Machine'),
  ),
  completeRecord(
    { ...andres, opt1: 'Crédito de vehículo', opt2: '18900000', opt3: 'OBL-551038', opt4: '61' },
    dialled('2026-11-17 14:20:12', 3, 'PROMESA DE PAGO'),
  ),
  completeRecord(
    { ...andres, opt1: 'Tarjeta de crédito', opt2: '2140000', opt3: 'OBL-551921', opt4: '15' },
    dialled('2026-11-19 11:31:44', 1, 'BUSY'),
  ),
  completeRecord(luz, { campaign_id: '4821', tel1: `57${undialled.phone}`, calls: '0', result: 'CLEAN' }),
  completeRecord(
    { ...person('Yolanda', 'Peñaloza', ''), campaign_id: '5316', tel1: withoutCustomerId.phone, opt2: 'Cúcuta' },
    dialled('2026-11-14 16:48:03', 2, 'no_answer'),
  ),
  completeRecord(
    { ...jorge, campaign_id: '9450', tel1: severalPhones.phones[0], tel2: severalPhones.phones[2], opt2: 'Cali' },
    { tel5: `9${severalPhones.phones[1]}`, country: 'Colombia', state: 'Valle del Cauca', city: 'Cali', zone: 'Sur' },
    { address: 'Carrera 98 # 16-200 Apto 502', opt1: 'Fibra 500 Mb' },
    dialled('2026-11-20 08:30:00', 6, 'WRONG NUMBER'),
  ),
  completeRecord(family, martha, dialled('2026-11-13 15:12:26', 1, 'ANSWER')),
  completeRecord(family, hernan, dialled('2026-11-14 15:12:26', 1, 'ABANDON')),
];

function person(customer_name: string, customer_last_name: string, customer_id: string): Partial<WireRecord> {
  return { customer_name, customer_last_name, customer_id };
}

function dialled(date: string, calls: number, result: string): Partial<WireRecord> {
  return lastCall(instantOf(date), calls, result, 0);
}
