import { describeChurn } from '../behaviours/churn.ts'

describeChurn(60)
