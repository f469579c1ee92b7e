import { describeReconnecting } from '../behaviours/reconnecting.ts'

describeReconnecting(200)
