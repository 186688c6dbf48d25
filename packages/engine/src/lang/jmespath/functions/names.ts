import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { parseImageReference } from '../../../kernel/image-reference.ts';
import { inRange } from '../../../kernel/semver.ts';
import { isExternalAddress, urlHost } from '../url-host.ts';
import { definePure, type FunctionDefinition, parameter } from './definition.ts';
import { functionError } from './function-error.ts';

/** Functions on the names of images, versions and addresses. */
export const NAME_FUNCTIONS: readonly FunctionDefinition[] = [
  definePure({
    name: 'image_normalize',
    parameters: [parameter('image', 'string')],
    returns: 'string',
    summary: 'an image reference with registry, and with a tag or digest',
    example: { expression: "image_normalize('nginx')", result: 'docker.io/nginx:latest' },
    call: ([image]) => {
      const parsed = parseImageReference(image as string);
      if (parsed instanceof EvaluationError) return functionError('image_normalize', parsed.message);
      const repository = parsed.registry === '' ? parsed.path : `${parsed.registry}/${parsed.path}`;
      return parsed.digest === '' ? `${repository}:${parsed.tag}` : `${repository}@${parsed.digest}`;
    },
  }),
  definePure({
    name: 'semver_compare',
    parameters: [parameter('version', 'string'), parameter('range', 'string')],
    returns: 'boolean',
    summary: 'whether a semantic version lies in a range; what is no version counts as 0.0.0',
    example: { expression: "semver_compare('1.8.6', '>1.0.0 <2.0.0')", result: true },
    call: ([version, range]) => inRange(version as string, range as string),
  }),
  definePure({
    name: 'is_external_url',
    parameters: [parameter('url', 'string')],
    returns: 'boolean',
    summary:
      'whether the IP address in a URL is neither loopback nor private; fails for host names, which policies cannot look up',
    example: { expression: "is_external_url('https://245.48.83.160/x')", result: true },
    call: ([url]) => {
      const host = urlHost(url as string);
      if (host instanceof EvaluationError) return host;
      if (host === 'localhost') return false;
      return (
        isExternalAddress(host) ??
        functionError('is_external_url', `lookup ${host}: host names cannot be resolved here, only IP addresses`)
      );
    },
  }),
];
