import { readdirSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../../src/config/config.js';
import { readProject } from '../docs/tables.js';
import { readDockerfile, readVariables } from './dockerfile.js';
import { render } from './helm.js';

const CHART = 'deploy/helm/wolkvox-campaign-subgraph/';
const TEMPLATES = readdirSync(new URL(`../../../${CHART}templates/`, import.meta.url));

interface Values {
  readonly existingSecret: string;
  readonly env: Readonly<Record<string, string>>;
  readonly terminationGracePeriodSeconds: number;
  readonly image: { readonly tag: string };
  readonly podDisruptionBudget: { readonly enabled: boolean };
  readonly serviceMonitor: { readonly enabled: boolean; readonly labels: object };
}
const values = parse(readProject(`${CHART}values.yaml`)) as Values;
const chart = parse(readProject(`${CHART}Chart.yaml`)) as Readonly<Record<string, string>>;
const schema = JSON.parse(readProject(`${CHART}values.schema.json`)) as {
  readonly properties: {
    readonly env: { readonly propertyNames: { readonly not: { readonly enum: readonly string[] } } };
  };
};
/** Values that use every part of the templates. */
const allValues = {
  ...values,
  env: { ...values.env, WOLKVOX_SERVER: '0042', CAMPAIGNS_FILE: '/campaigns/campaigns.json' },
  imagePullSecrets: [{ name: 'registry' }],
  serviceMonitor: { enabled: true, interval: '30s', labels: { release: 'prometheus' } },
  extraVolumes: [{ name: 'campaigns', configMap: { name: 'campaigns' } }],
  extraVolumeMounts: [{ name: 'campaigns', mountPath: '/campaigns' }],
  podAnnotations: { 'example.com/team': 'campaigns' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'shared', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
};

describe('The chart', () => {
  it('has values that its schema accepts, and a schema that refuses others', () => {
    const validate = new Ajv({ allErrors: true }).compile(schema);
    expect(validate(values)).toBe(true);
    expect(validate(allValues)).toBe(true);
    const wrong: readonly object[] = [
      { replicaCount: 0 },
      { replicas: 2 },
      { existingSecret: '' },
      { env: { WOLKVOX_TOKEN: 'secret' } },
      { env: { PORT: '1' } },
      { env: { WOLKVOX_DAILY_LIMIT: 5000 } },
      { resources: { limits: { memory: 'much' } } },
      { serviceMonitor: { enabled: 'yes', interval: '15s' } },
      { image: { repository: 'subgraph' } },
    ];
    for (const change of wrong) expect(validate({ ...values, ...change }), JSON.stringify(change)).toBe(false);
  });

  it('has the version of the service', () => {
    const { version } = JSON.parse(readProject('package.json')) as { readonly version: string };
    expect([chart['version'], chart['appVersion'], values.image.tag]).toEqual([version, version, version]);
  });

  it('makes a Deployment of two replicas that Kubernetes may restrict', () => {
    const { spec } = manifest('deployment.yaml') as Deployment;
    const { spec: pod } = spec.template;
    const [container] = pod.containers;
    expect(spec.replicas).toBe(2);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(container.startupProbe.httpGet.path).toBe('/readyz');
    expect(container.resources).toHaveProperty('limits.memory');
    expect(container.resources).toHaveProperty('requests.cpu');
  });

  it('starts the service with variables that it accepts, and with secrets from files of existingSecret', () => {
    const { template } = (manifest('deployment.yaml', allValues) as Deployment).spec;
    const [{ env, volumeMounts }] = template.spec.containers;
    const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const image = readDockerfile().stages.at(-1);
    if (image === undefined) throw new Error('The Dockerfile has no stage.');
    const [secrets] = template.spec.volumes;
    const files = new Map(
      (secrets?.secret?.items ?? []).map(({ key, path }) => [`/run/secrets/subgraph/${path}`, key]),
    );
    expect(volumeMounts[0]).toEqual({ name: 'secrets', mountPath: '/run/secrets/subgraph', readOnly: true });
    const readFile = (file: string): string => {
      const key = files.get(file);
      if (key === undefined) throw new Error(`The Secret has no file ${file}.`);
      return key === 'redis-url'
        ? 'rediss://redis:6379'
        : `a ${key} of enough characters`.replaceAll(' ', '-').padEnd(32, '.');
    };
    const config = readConfig({ ...readVariables(image), ...variables }, readFile);
    expect(config).toMatchObject({ production: true, redisUrls: ['rediss://redis:6379'], drainGraceMs: 5_000 });
    expect(config.metricsToken).toContain('metrics-token');
    expect(files.size).toBe(5);
    expect(secrets?.secret?.secretName).toBe(values.existingSecret);
    // The schema keeps these variables out of `env`.
    const own = env.map(({ name }) => name).filter((name) => name.endsWith('_FILE') && !(name in allValues.env));
    const reserved = ['HOST', 'PORT', ...own.flatMap((name) => [name.replace(/_FILE$/, ''), name])];
    expect(schema.properties.env.propertyNames.not.enum).toEqual(reserved.sort());
  });

  it('gives a replica the time that a drain may take', () => {
    const { drainGraceMs, operationDeadlineMs } = readConfig(values.env);
    expect(values.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(
      drainGraceMs + operationDeadlineMs + 5_000,
    );
  });

  it('makes a Service, a PodDisruptionBudget and a ServiceMonitor that select the pods', () => {
    const { spec } = manifest('deployment.yaml') as Deployment;
    const labels = spec.selector.matchLabels;
    expect(spec.template.metadata.labels).toMatchObject(labels);
    expect(manifest('service.yaml')).toMatchObject({
      spec: { selector: labels, ports: [{ name: 'http', port: 4001 }] },
    });
    expect(manifest('poddisruptionbudget.yaml')).toMatchObject({
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    });
    expect(manifest('servicemonitor.yaml', allValues)).toMatchObject({
      metadata: { labels: { release: 'prometheus' } },
      spec: {
        selector: { matchLabels: labels },
        endpoints: [{ port: 'http', path: '/metrics', authorization: { credentials: { key: 'metrics-token' } } }],
      },
    });
    expect((manifest('service.yaml') as { metadata: { labels: object } }).metadata.labels).toMatchObject(labels);
  });

  it('makes neither of the last two if its values say so, and no autoscaler', () => {
    expect(manifest('servicemonitor.yaml')).toBeNull();
    expect(manifest('poddisruptionbudget.yaml', { ...values, podDisruptionBudget: { enabled: false } })).toBeNull();
    const kinds = TEMPLATES.filter((name) => name.endsWith('.yaml')).map((name) => manifest(name, allValues));
    expect(kinds.map((made) => (made as { kind: string }).kind).sort()).toEqual([
      'Deployment',
      'PodDisruptionBudget',
      'Service',
      'ServiceMonitor',
    ]);
  });

  it('has notes with the address', () => {
    const notes = render(readProject(`${CHART}templates/NOTES.txt`), scope(values));
    expect(notes).toContain('http://campaigns.contact-centre:4001/graphql');
  });
});

describe('The renderer of the tests', () => {
  it('refuses what it does not know', () => {
    for (const template of ['{{ include "x" . }}', '{{ .Values.missing }}', '{{ if .Release }}{{ end }}{{ end }}x']) {
      expect(() => render(template, scope(values)), template).toThrow();
    }
  });
});

function scope(used: object): Readonly<Record<string, unknown>> {
  return {
    Values: used,
    Release: { Name: 'campaigns', Namespace: 'contact-centre', Service: 'Helm' },
    Chart: { Name: chart['name'], AppVersion: chart['appVersion'] },
  };
}

function manifest(name: string, used: object = values): unknown {
  return parse(render(readProject(`${CHART}templates/${name}`), scope(used)), { strict: true });
}

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly securityContext: object;
        readonly containers: readonly [Container];
        readonly volumes: readonly {
          readonly secret?: {
            readonly secretName: string;
            readonly items: readonly { readonly key: string; readonly path: string }[];
          };
        }[];
      };
    };
  };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly object[];
  readonly securityContext: object;
  readonly resources: object;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
}
