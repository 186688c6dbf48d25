import type { FlagSpec } from './command.ts';

/** The flags of Go's logging that every command of Kyverno takes. */
const SWITCHES: readonly string[] = [
  'add_dir_header',
  'alsologtostderr',
  'legacy_stderr_threshold_behavior',
  'logtostderr',
  'one_output',
  'skip_headers',
  'skip_log_headers',
];
const WITH_VALUE: readonly string[] = [
  'alsologtostderrthreshold',
  'log_backtrace_at',
  'log_dir',
  'log_file',
  'log_file_max_size',
  'stderrthreshold',
  'vmodule',
];

const SUMMARY = 'logging, as Kyverno takes it; accepted';

/** What every command of Kyverno takes and scripts therefore give; accepted, without an effect here. */
export const COMPATIBLE_FLAGS: readonly FlagSpec[] = [
  { flags: '-v, --v <level>', summary: 'log level, as Kyverno takes it; accepted', hidden: true },
  ...SWITCHES.map((name) => ({ flags: `--${name}`, summary: SUMMARY, hidden: true })),
  ...WITH_VALUE.map((name) => ({ flags: `--${name} <value>`, summary: SUMMARY, hidden: true })),
];
