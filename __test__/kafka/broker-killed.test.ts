import { describeBrokerKilled } from '../behaviours/broker-killed.ts'

describeBrokerKilled(6)
