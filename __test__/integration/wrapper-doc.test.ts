import { describeWrapperDoc } from '../behaviours/wrapper-doc.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeWrapperDoc(embeddedBed())
