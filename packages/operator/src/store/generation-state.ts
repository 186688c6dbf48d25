/** Whether the API server judges by a policy that was generated, as the status of the one it was made of tells. */
export interface GenerationState {
  readonly generated: boolean;
  /** Why it does not. */
  readonly message: string;
}

export const NOT_GENERATED: GenerationState = Object.freeze({ generated: false, message: '' });
