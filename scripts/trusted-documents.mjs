/**
 * `node scripts/trusted-documents.mjs`: prints a manifest of the operations in `operations/`, in the format of Apollo's
 * persisted queries, for a router that accepts no other documents.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { Kind, parse, print, visit } from 'graphql';
import { readOptions } from './command-line.mjs';

const FOLDER = new URL('../operations/', import.meta.url);
const TYPENAME = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

readOptions(`Usage: node scripts/trusted-documents.mjs [--help | --version]
Prints a manifest of the operations in operations/ as JSON: the id (SHA-256 of the body), the body, the name and the
type of each. The bodies are those that Apollo Client sends.`);

const operations = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.graphql'))
  .map((name) => parse(readFileSync(new URL(name, FOLDER), 'utf8')))
  .filter((document) => !isSentByRouters(document))
  .map(describeOperation);
console.log(JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }, null, 2));

function describeOperation(document) {
  const body = print(addTypenames(document));
  const { name, operation } = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return { id: createHash('sha256').update(body).digest('hex'), body, name: name.value, type: operation };
}

/** A router does not expose the field `_entities` to clients. */
function isSentByRouters(document) {
  let found = false;
  visit(document, { Field: ({ name }) => void (found ||= name.value === '_entities') });
  return found;
}

/** Apollo Client adds `__typename` to each selection but that of the operation itself. Its cache needs it. */
function addTypenames(document) {
  return visit(document, {
    SelectionSet(node, _key, parent) {
      if (parent.kind === Kind.OPERATION_DEFINITION || node.selections.some(isTypename)) return undefined;
      return { ...node, selections: [...node.selections, TYPENAME] };
    },
  });
}

function isTypename({ kind, name }) {
  return kind === Kind.FIELD && name.value === '__typename';
}
