/** The port that is not for users. It is opened early, so as to be closed late, and listens when there is something to tell. */
import type { InternalOptions } from '../http/internalServer.ts'
import type { Part } from '../runtime/parts.ts'
import type { Context } from './context.ts'
import { anyAddress } from '../http/anyAddress.ts'
import { internalServer } from '../http/internalServer.ts'

export interface Internal {
  listen(told: InternalOptions): Promise<void>
}

export function openInternal({ settings }: Context): Internal & Part {
  let server: ReturnType<typeof internalServer> | undefined
  return {
    listen: async (told) => {
      server = internalServer(told)
      await server.listen({ port: settings.internalPort, host: await anyAddress() })
    },
    close: async () => {
      await server?.close()
    },
  }
}
