import { isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type Informer, isKubeError, type KubeClient, startInformer } from '@vouchsafe/kube';
import { defaultConfigurationData } from '../settings/cluster-configuration.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';

type Data = Readonly<Record<string, string>>;

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;

/** The data of the ConfigMap `kyverno`; made with the defaults when there is none, so that everyone sees what is excluded. */
export async function ensureConfigurationMap(client: KubeClient, settings: OperatorSettings): Promise<Data> {
  const target = { namespace: settings.namespace, name: settings.configMapName };
  try {
    return dataOf(jsonOf(await client.get(CONFIG_MAPS, target)));
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
  }
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...target, labels: { 'app.kubernetes.io/part-of': 'kyverno' } },
    data: defaultConfigurationData(settings.namespace),
  };
  try {
    await client.create(CONFIG_MAPS, object);
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
    return dataOf(jsonOf(await client.get(CONFIG_MAPS, target)));
  }
  return object.data;
}

/** Tells each change of the ConfigMap; when it is deleted, the defaults. */
export function followConfigurationMap(
  client: KubeClient,
  settings: OperatorSettings,
  log: Logger,
  onChange: (data: Data) => void,
): Informer {
  return startInformer({
    client,
    gvr: CONFIG_MAPS,
    namespace: settings.namespace,
    fieldSelector: `metadata.name=${settings.configMapName}`,
    onChange: ({ type, object }) =>
      onChange(type === 'deleted' ? defaultConfigurationData(settings.namespace) : dataOf(jsonOf(object))),
    onError: (error) => log.warn({ error: messageOf(error) }, 'watching the ConfigMap failed; it goes on'),
  });
}

function dataOf(object: JsonObject): Data {
  const data = memberAt(object, 'data');
  if (!isJsonObject(data)) return {};
  return Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
