/** Environment variables: addresses and tokens of services the operator of this process chose. */
export type Environment = Readonly<Record<string, string | undefined>>;
