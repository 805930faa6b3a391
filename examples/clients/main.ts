/**
 * Runs the recipes against a service and prints what they find:
 *
 * `node --import tsx examples/clients/main.ts [address] [phone]`
 */
import { createApolloClient, findCustomer } from './apollo-client.js';
import { FindPersonDocument } from './generated/graphql.js';
import { ask, createRequestClient } from './graphql-request.js';
import { createUrqlClient, findPerson } from './urql.js';

const [url = 'http://127.0.0.1:4001/graphql', phone = '306 482 1975'] = process.argv.slice(2);

for (const record of (await findCustomer(createApolloClient(url), phone)) ?? []) {
  console.log(`Apollo Client: ${record.customer?.campaignRecords?.length ?? 0} records of a customer`);
}
const { records } = await findPerson(createUrqlClient(url), phone);
console.log(`urql: ${records?.length ?? 'no'} records with the phone`);
const { data } = await ask(createRequestClient(url), FindPersonDocument, { phone });
console.log(`graphql-request: ${data.findCampaignRecords?.length ?? 'no'} records with the phone`);
