import { describeReconnecting } from '../behaviours/reconnecting.ts'

describeReconnecting(1_000)
