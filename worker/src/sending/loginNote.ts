/** Notes what a server says of our credentials. */
import type { LoginSaid } from './ports.ts'

export class LoginNote {
  #said: LoginSaid = { credentials: 'unknown' }

  get said(): LoginSaid {
    return this.#said
  }

  note(credentials: 'accepted' | 'refused'): void {
    this.#said = { credentials, saidAt: new Date() }
  }
}
