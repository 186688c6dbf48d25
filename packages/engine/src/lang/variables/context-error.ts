import { EvaluationError } from '../../kernel/evaluation-error.ts';

/** The failure of a context entry to load; whoever reads its variable gets it. */
export class ContextError extends EvaluationError {}
