import { describeLifecycle } from '../behaviours/lifecycle.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeLifecycle(embeddedBed())
