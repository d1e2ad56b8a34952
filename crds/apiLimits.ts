/** From when on the API does not answer as it should: what the check `api-responsive` turns at. */
export const API_LIMITS = {
  slowSeconds: 0.5,
  /** Of the answers of two minutes, when there were at least so many. */
  part: 0.05,
  answers: 20,
} as const
