/** Where AWS is asked for the credentials of a registry. */
export interface AwsEndpoints {
  readonly region: string;
  readonly registries: string;
  /** In the region of this process when that is known, as the SDKs have it: another one may not be reachable. */
  tokens(ownRegion: string | undefined): string;
}

/** ACCOUNT.dkr.ecr.REGION.amazonaws.com, with `-fips`, the Chinese suffix and that of the European Sovereign Cloud. */
const classicHost = /^\d{12}\.dkr\.ecr(-fips)?\.([a-z0-9-]{1,32})\.(amazonaws\.(?:com(?:\.cn)?|eu))$/;
/** The same by IPv6 as well: ACCOUNT.dkr-ecr.REGION.on.aws. */
const dualStackHost = /^\d{12}\.dkr-ecr(-fips)?\.([a-z0-9-]{1,32})\.on\.(aws|amazonwebservices\.com\.cn)$/;
const regionPattern = /^[a-z0-9-]{1,32}$/;

/**
 * The endpoints that belong to a host of the Elastic Container Registry; undefined for all others. What a cluster of IPv6 alone
 * names, it can reach. https://docs.aws.amazon.com/general/latest/gr/ecr.html
 */
export function awsEndpointsOf(host: string): AwsEndpoints | undefined {
  const classic = classicHost.exec(host);
  const [, fips, region = '', suffix = ''] = classic ?? dualStackHost.exec(host) ?? [];
  if (region === '') return undefined;
  const domain = classic === null ? `api.${suffix}` : suffix;
  const name = fips === undefined ? (classic === null ? 'ecr' : 'api.ecr') : 'ecr-fips';
  return {
    region,
    registries: `${name}.${region}.${domain}`,
    tokens: (own = '') => `sts.${regionPattern.test(own) ? own : region}.${domain}`,
  };
}
