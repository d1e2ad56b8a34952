/** 1,000 batches an hour. */
import { sendBatch } from './batches.ts'
import { pace, summary } from './pace.ts'

export const options = pace({ rate: 1_000, per: '1h', most: 20 })
export const handleSummary = summary
export default sendBatch
