import { completeRecord, connId, instantOf } from './columns.js';
import type { WireRecord } from './columns.js';

/**
 * The example people: invented, the same for every seed, found by every example in the README and the playground. Their numbers
 * begin with 306 and 6011, which no other simulated person has.
 */
export const EXAMPLES = {
  /** In three campaigns, by a phone that is stored bare, with "9" and with "957" before it. */
  inSeveralCampaigns: { phone: '3064821975', customerId: '21839174', campaignIds: ['4821', '7203', '10277'] },
  /** Two different records in one campaign. */
  twiceInOneCampaign: { phone: '3067150482', customerId: '22461203', campaignId: '7203' },
  /** Never dialled: result CLEAN, no date. */
  undialled: { phone: '3062094417', customerId: '1190274518', campaignId: '4821' },
  /** No customer id: only the phone finds her. */
  withoutCustomerId: { phone: '3068830146', campaignId: '5316' },
  /** One person, three phones. */
  severalPhones: { phones: ['3065512090', '3063380721', '6011740236'], customerId: '23907765', campaignId: '9450' },
  /** Two people behind one fixed line. */
  sharedPhone: { phone: '6011528890', customerIds: ['24118306', '24118955'], campaignId: '6044' },
  /** A campaign of fewer than 1,000 records. */
  smallCampaign: { campaignId: '4821' },
  /** A campaign of more records than one answer holds. */
  largeCampaign: { campaignId: '10277' },
  /** Nobody has them. */
  nobody: { phone: '3060000000', customerId: '20000000' },
} as const;

const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones, sharedPhone } = EXAMPLES;

const MARIA = {
  customer_name: 'María Fernanda',
  customer_last_name: 'Gómez Ríos',
  customer_id: inSeveralCampaigns.customerId,
};
const ANDRES = {
  customer_name: 'Andrés Felipe',
  customer_last_name: 'Cárdenas Muñoz',
  customer_id: twiceInOneCampaign.customerId,
};

/** The records of the example people. */
export const CAST: readonly WireRecord[] = [
  completeRecord({
    ...MARIA,
    campaign_id: '4821',
    tel1: inSeveralCampaigns.phone,
    opt1: 'Tarjeta de crédito',
    opt2: 'Bogotá',
    opt5: '2026-10-02',
    ...call('2026-11-18 10:42:07', 1, 'ANSWER'),
  }),
  completeRecord({
    ...MARIA,
    campaign_id: '7203',
    tel1: '6011093344',
    tel2: `9${inSeveralCampaigns.phone}`,
    opt1: 'Crédito de libre inversión',
    opt2: '4350000',
    opt3: 'OBL-770412',
    opt4: '32',
    opt5: 'Bogotá',
    opt12: 'Pide que la llamen después de las 5 p. m.; trabaja en turno de la mañana.',
    ...call('2026-11-19 17:05:51', 4, 'NO-ANSWER'),
  }),
  completeRecord({
    ...MARIA,
    campaign_id: '10277',
    tel1: `957${inSeveralCampaigns.phone}`,
    opt1: 'Encuesta de satisfacción',
    opt2: 'Bogotá',
    ...call('2026-11-12 09:15:30', 2, 'Answer Machine'),
  }),
  completeRecord({
    ...ANDRES,
    campaign_id: '7203',
    tel1: twiceInOneCampaign.phone,
    opt1: 'Crédito de vehículo',
    opt2: '18900000',
    opt3: 'OBL-551038',
    opt4: '61',
    opt5: 'Medellín',
    ...call('2026-11-17 14:20:12', 3, 'PROMESA DE PAGO'),
  }),
  completeRecord({
    ...ANDRES,
    campaign_id: '7203',
    tel1: twiceInOneCampaign.phone,
    opt1: 'Tarjeta de crédito',
    opt2: '2140000',
    opt3: 'OBL-551921',
    opt4: '15',
    opt5: 'Medellín',
    ...call('2026-11-19 11:31:44', 1, 'BUSY'),
  }),
  completeRecord({
    customer_name: 'Luz Marina',
    customer_last_name: 'Ospina Vélez',
    customer_id: undialled.customerId,
    campaign_id: '4821',
    tel1: `57${undialled.phone}`,
    opt1: 'Cuenta de ahorros',
    opt2: 'Pereira',
    calls: '0',
    result: 'CLEAN',
  }),
  completeRecord({
    customer_name: 'Yolanda',
    customer_last_name: 'Peñaloza',
    campaign_id: '5316',
    tel1: withoutCustomerId.phone,
    opt1: 'Plan hogar',
    opt2: 'Cúcuta',
    ...call('2026-11-14 16:48:03', 2, 'no_answer'),
  }),
  completeRecord({
    customer_name: 'Jorge Iván',
    customer_last_name: 'Quintero Salazar',
    customer_id: severalPhones.customerId,
    country: 'Colombia',
    state: 'Valle del Cauca',
    city: 'Cali',
    zone: 'Sur',
    address: 'Carrera 98 # 16-200 Apto 502',
    campaign_id: '9450',
    tel1: severalPhones.phones[0],
    tel2: severalPhones.phones[2],
    tel5: `9${severalPhones.phones[1]}`,
    opt1: 'Fibra 500 Mb',
    opt2: 'Cali',
    ...call('2026-11-20 08:30:00', 6, 'WRONG NUMBER'),
  }),
  ...[
    ['Martha Lucía', sharedPhone.customerIds[0], 'ANSWER'] as const,
    ['Hernán Darío', sharedPhone.customerIds[1], 'ABANDON'] as const,
  ].map(([name, customerId, result], index) =>
    completeRecord({
      customer_name: name,
      customer_last_name: 'Ibáñez Tovar',
      customer_id: customerId,
      campaign_id: sharedPhone.campaignId,
      tel1: sharedPhone.phone,
      opt1: 'Cita de control',
      opt2: 'Bucaramanga',
      ...call(`2026-11-1${index + 3} 15:12:26`, 1, result),
    }),
  ),
];

function call(date: string, calls: number, result: string): Pick<WireRecord, 'date' | 'calls' | 'conn_id' | 'result'> {
  const instant = instantOf(date);
  return { date, calls: `${calls}`, conn_id: connId(instant, 462, instant / 1000), result };
}
