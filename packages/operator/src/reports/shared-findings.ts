import type { PolicyReportResult } from '@vouchsafe/engine/report';

/** What a result says, but for when: most resources have the same said of them by each policy. */
export interface Finding {
  /** `policyId|rule`. */
  readonly key: string;
  readonly said: Omit<PolicyReportResult, 'timestamp'>;
}

/** Hands out one object for all findings that say the same, so that many resources are remembered in little memory. */
export interface SharedFindings {
  of(owner: string, result: PolicyReportResult): Finding;
  /** The same text, as one string. */
  text<Text extends string | undefined>(text: Text): Text;
}

/** Findings and texts at hand; beyond them equal ones are made again. */
const REMEMBERED = 20_000;

export function createSharedFindings(): SharedFindings {
  const findings = new Map<string, Finding>();
  const texts = new Map<string, string>();
  return {
    of(owner, { timestamp: _, ...said }) {
      const name = `${owner}|${JSON.stringify(said)}`;
      let finding = findings.get(name);
      if (!finding) {
        if (findings.size >= REMEMBERED) findings.clear();
        finding = { key: `${owner}|${said.rule}`, said };
        findings.set(name, finding);
      }
      return finding;
    },
    text(text) {
      if (text === undefined) return text;
      const known = texts.get(text);
      if (known !== undefined) return known as typeof text; // the very same characters
      if (texts.size >= REMEMBERED) texts.clear();
      texts.set(text, text);
      return text;
    },
  };
}

/** The same object nearly always; another one that says the same where it was made again. */
export function saysTheSame(a: Finding, b: Finding): boolean {
  return a === b || (a.key === b.key && JSON.stringify(a.said) === JSON.stringify(b.said));
}
