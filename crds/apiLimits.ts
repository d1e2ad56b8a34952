/** From when on the API does not answer as it should: what the check `api-responsive` turns at. */
export const API_LIMITS = {
  slowSeconds: 0.5,
  /** Of the answers of two minutes, when there were at least so many. */
  part: 0.05,
  answers: 20,
  /** Takes as long as its body is, up to an hour for millions of rows, and is counted by nobody. */
  uploads: '/v1/batches/:id/recipients',
} as const
