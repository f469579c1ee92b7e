import { dependencyOutages } from '../behaviours/dependency-outages.ts'
import { kafkaBed } from '../helpers/bed.ts'

dependencyOutages(kafkaBed())
