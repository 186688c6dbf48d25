export interface Goal {
  readonly must?: number;
  readonly aim?: number;
  /** Smaller is better; larger unless told. */
  readonly lower?: boolean;
}

/** Tells one figure of a suite. */
export type Report = (name: string, value: number, unit: string, goal?: Goal) => void;

export interface Suite {
  readonly name: string;
  readonly summary: string;
  readonly run: (report: Report) => Promise<void>;
}
