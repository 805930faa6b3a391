/** The call to Wolkvox of the plain Apollo Server, as a tutorial writes it: a fetch, and a map of the columns. */
import { URLSearchParams } from 'node:url';

/** @returns the records of a lookup, with the fields of the graph that the benchmark selects */
export async function findRecords(origin, { campaignId = '', phone = '', customerId = '' }) {
  const criteria = { api: 'find_record', campaign_id: campaignId, customer_phone: phone, customer_id: customerId };
  const response = await fetch(`${origin}/api/v2/campaign.php?${new URLSearchParams(criteria)}`, {
    headers: { 'wolkvox-token': 'simulator-token', wolkvox_server: '0042' },
  });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`Wolkvox answers ${response.status}.`);
  const { data } = await response.json();
  return data.map(toRecord);
}

function toRecord(row) {
  return {
    campaignId: row.campaign_id,
    customerId: row.customer_id || null,
    customerName: row.customer_name || null,
    customerLastName: row.customer_last_name || null,
    opts: numbers(12).map((position) => ({ position, name: `opt${position}`, value: row[`opt${position}`] || null })),
    phones: numbers(10)
      .map((position) => ({ position, number: row[`tel${position}`] }))
      .filter(({ number }) => number),
    date: row.date ? `${row.date.replace(' ', 'T')}-05:00` : null,
    calls: Number(row.calls),
    connId: row.conn_id || null,
    result: row.result || null,
    outcome: row.result.toUpperCase().replace(/[ -]/g, '_') || null,
  };
}

function numbers(count) {
  return Array.from({ length: count }, (_, index) => index + 1);
}
