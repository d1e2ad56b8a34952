/** What others are compared with: nodemailer alone. It keeps no queue and leaves no row. */
import { conditions, openMail } from './mail.ts'

const given = conditions()
if (process.argv[2] === 'drain') {
  const mail = openMail(given)
  let next = 0
  const lane = async () => {
    while (next < given.count) {
      const index = next
      next += 1
      await mail.send({ index })
    }
  }
  await Promise.all(Array.from({ length: given.connections }, lane))
  mail.close()
}
