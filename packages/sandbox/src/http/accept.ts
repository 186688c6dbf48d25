/** The form of an answer. Protobuf is never chosen: every client also takes JSON. */
export interface ResponseFormat {
  readonly encoding: 'json' | 'yaml';
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** Version of the `as` form. */
  readonly version: string;
}

/** Media types of answers, in the order the 406 text lists them. */
export const RESPONSE_MEDIA_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Parses an Accept header; the best ranges first, ties in their order. */
function parseAccept(header: string): readonly MediaRange[] {
  const ranges = header.split(',').map(parseRange);
  return ranges.filter(({ type }) => type !== '').sort((left, right) => right.quality - left.quality);
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals > 0) {
      parameters.set(parameter.slice(0, equals).toLowerCase(), parameter.slice(equals + 1));
    }
  }
  const quality = Number(parameters.get('q') ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

/** Chooses the form of an answer; undefined means 406. No header means JSON. */
export function negotiate(header: string | undefined): ResponseFormat | undefined {
  if (header === undefined || header.trim() === '') {
    return { encoding: 'json', as: 'object', version: '' };
  }
  for (const { type, parameters } of parseAccept(header)) {
    const encoding = encodingOf(type);
    const as = parameters.get('as');
    if (encoding === undefined) {
      continue;
    }
    if (as === undefined) {
      return { encoding, as: 'object', version: '' };
    }
    const form = asForm(as);
    const version = parameters.get('v') ?? '';
    if (form !== undefined && parameters.get('g') === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1')) {
      return { encoding, as: form, version };
    }
  }
  return undefined;
}

function asForm(as: string): ResponseFormat['as'] | undefined {
  return as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? as : undefined;
}

function encodingOf(type: string): ResponseFormat['encoding'] | undefined {
  switch (type) {
    case 'application/json':
    case 'application/vnd.kubernetes.protobuf':
    case 'application/*':
    case '*/*':
      return 'json';
    case 'application/yaml':
      return 'yaml';
    default:
      return undefined;
  }
}

/** Whether an Accept header asks for the aggregated form of discovery first, and in which version. */
export function aggregatedDiscoveryVersion(header: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of parseAccept(header ?? '')) {
    if (type !== 'application/json') {
      continue;
    }
    if (parameters.get('as') !== 'APIGroupDiscoveryList') {
      return undefined;
    }
    const version = parameters.get('v');
    if (version === 'v2' || version === 'v2beta1') {
      return version;
    }
  }
  return undefined;
}
