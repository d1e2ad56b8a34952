/** How many requests of any length a worker takes at once. */

export interface UploadTurns {
  /** @returns what gives it back; undefined when there are too many, of all or of this user. */
  take(userId: string): (() => void) | undefined
}

const AT_ONCE = 4
const OF_ONE_USER = 2

export function uploadTurns(): UploadTurns {
  const users: string[] = []
  return {
    take: (userId) => {
      if (users.length >= AT_ONCE || users.filter((user) => user === userId).length >= OF_ONE_USER)
        return undefined
      users.push(userId)
      return () => {
        users.splice(users.indexOf(userId), 1)
      }
    },
  }
}
