/** Whether a restore failed because of the backup, or because of the way to it or the room for it. Pure. */

/** Codes of ClickHouse that say nothing of what was to be restored (as of 26.7). */
const OF_THE_SERVER = new Set([
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  201, // QUOTA_EXCEEDED
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  243, // NOT_ENOUGH_SPACE
  439, // CANNOT_SCHEDULE_TASK
  394, // QUERY_WAS_CANCELLED
  497, // ACCESS_DENIED
])
const S3_ERROR = 499
/** Words of the client and of ours for a connection that was lost, or a wait that was over. */
const OF_THE_WAY =
  /it was restarted|^Timeout error|socket hang up|^(read|write|connect) E[A-Z]+|E(CONN\w+|PIPE|TIMEDOUT|AI_AGAIN|NOTFOUND)\b|aborted/i

/** @param message the first line of the server's error, or our own words */
export function blamesBackup(message: string): boolean {
  const code = Number(/^Code: (\d+)\b/.exec(message)?.[1])
  if (code === S3_ERROR) return /does not exist|NoSuchKey|HTTP response code: 404/.test(message)
  return !OF_THE_SERVER.has(code) && !OF_THE_WAY.test(message)
}
