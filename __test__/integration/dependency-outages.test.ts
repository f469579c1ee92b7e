import { dependencyOutages } from '../behaviours/dependency-outages.ts'
import { embeddedBed } from '../helpers/bed.ts'

dependencyOutages(embeddedBed())
