/** Who keeps records that wait for their reader, and has to know when that is vain. Nothing of it may throw. */
export interface SubscriptionObserver {
  /** The partitions are another member's now. */
  onGone(partitions: ReadonlyArray<{ topic: string; partition: number }>): void
  /** Nothing more comes, or not of one of its partitions. */
  onFailed(error: unknown): void
  /** The service disconnects: nothing more is begun. */
  onClosing(): void
}
