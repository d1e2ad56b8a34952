/** 10,000 batches in ten minutes. */
import { sendBatch } from './batches.ts'
import { pace, summary } from './pace.ts'

export const options = pace({ rate: 1_000, per: '1m', most: 200 })
export const handleSummary = summary
export default sendBatch
