import { describeWrapperDoc } from '../behaviours/wrapper-doc.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeWrapperDoc(kafkaBed())
